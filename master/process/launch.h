// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace geventd::master {

/// Starts a program in a child of the master: fork, `prepare`, exec. The child has no blocked,
/// ignored or handled Unix signals, and every descriptor of the master that is not CLOEXEC, as well
/// as those that `prepare` gives it.
/// Lives in: master.
struct Launch {
    std::string executable;  ///< a path; PATH is not searched
    std::vector<std::string> arguments;

    /// Called in the child, which is a copy of a process that has one thread. It may give it
    /// descriptors up to this number, and throws std::system_error when it fails.
    std::function<void()> prepare;
    int last_fd;

    /// The child's process id. Waits for the exec, but not for long: a busy machine may need more
    /// time, and then what comes of it shows as with any other child. Throws ErrnoError when the
    /// program cannot be started; nothing is left of the child then.
    [[nodiscard]] pid_t run() const;
};

/// Gives the program that is about to be started this descriptor as `number`. In the child. Throws
/// ErrnoError.
void give_descriptor(int fd, int number);

/// What the kernel says of a process: 'R', 'S', 'T' (stopped) ..., see proc(5); '\0' when there is
/// none.
char process_state(pid_t pid) noexcept;

}  // namespace geventd::master
