// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace geventd::master {

/// Starts a program in a child of the master: fork, `prepare`, exec. The child has no blocked,
/// ignored or handled Unix signals. It inherits the descriptors that are not CLOEXEC and those
/// that `prepare` gives it.
/// Lives in: master.
struct Launch {
    std::string executable;  ///< a path; PATH is not searched
    std::vector<std::string> arguments;

    /// As NAME=VALUE; nullopt: the master's, as `prepare` leaves it.
    std::optional<std::vector<std::string>> environment = std::nullopt;

    /// Called in the child, a copy of a process with a single thread. May set up descriptors up to
    /// last_fd. Throws std::system_error when it fails.
    std::function<void()> prepare;
    int last_fd;

    /// How long to wait for the exec, while the master stands still. Zero or more.
    std::chrono::milliseconds patience;

    /// Returns the child's pid. An exec that takes longer than `patience` may still fail; that is
    /// noticed as with any other child. Throws ErrnoError when
    /// the program cannot be started; then no child is left.
    [[nodiscard]] pid_t run() const;
};

/// In the child: passes this descriptor to the program as `number`. Throws ErrnoError.
void give_descriptor(int fd, int number);

}  // namespace geventd::master
