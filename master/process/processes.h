// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/clock.h"
#include "ipc/channel.h"
#include "ipc/stack_signal.h"
#include "master/process/command.h"

namespace geventd::master {

/// What supervision needs of the operating system; tests replace it.
/// Lives in: master.
class Processes {
  public:
    struct Spawned {
        pid_t pid;
        ipc::Channel channel;
    };

    virtual ~Processes() = default;

    /// Starts a program with a channel to it. Throws ErrnoError.
    virtual Spawned spawn(const Command& command) = 0;

    /// Sends SIGKILL to a child that has not been reaped.
    virtual void kill(pid_t pid) noexcept = 0;

    /// Asks a process to write a Python stack, if it can (ipc/stack_signal.h).
    virtual void ask_for_stack(pid_t pid, ipc::StackOf which) noexcept = 0;

    /// A child's state letter as in /proc/PID/stat: T stopped, D in the kernel ...; 0: unknown.
    [[nodiscard]] virtual char state(pid_t pid) const noexcept = 0;

    /// Resident memory of a child; 0 when it is gone.
    [[nodiscard]] virtual std::uint64_t resident_bytes(pid_t pid) const noexcept = 0;

    /// The clock of all supervision.
    [[nodiscard]] virtual TimePoint now() const = 0;
};

}  // namespace geventd::master
