// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ipc/channel.h"
#include "ipc/stack_signal.h"

namespace geventd::master {

/// What supervision asks of the kernel; tests stand in for it.
/// Lives in: master.
class Processes {
  public:
    struct Spawned {
        pid_t pid;
        ipc::Channel channel;
    };

    virtual ~Processes() = default;

    /// Starts `executable` with a channel to it; `arguments` are shown by ps. Throws ErrnoError.
    virtual Spawned spawn(const std::string& executable,
                          const std::vector<std::string>& arguments) = 0;

    /// SIGKILL to a child that was not reaped yet.
    virtual void kill(pid_t pid) noexcept = 0;

    /// Has a process that can do so write a Python stack down (ipc/stack_signal.h).
    virtual void ask_for_stack(pid_t pid, ipc::StackOf which) noexcept = 0;

    /// What a child is at, as in /proc/PID/stat: T stopped, D in the kernel ...; 0: not known.
    [[nodiscard]] virtual char state(pid_t pid) const noexcept = 0;

    /// Resident memory of a child; 0 when it is gone.
    [[nodiscard]] virtual std::uint64_t resident_bytes(pid_t pid) const noexcept = 0;

    /// The time that all of supervision goes by.
    [[nodiscard]] virtual TimePoint now() const = 0;
};

}  // namespace geventd::master
