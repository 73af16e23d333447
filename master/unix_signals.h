// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <csignal>
#include <string_view>

#include "base/fd.h"
#include "event/loop.h"

namespace geventd::master {

enum class UnixAction {
    Reload,
    Stop,
    StopNow,
    ReopenLogs,
    Upgrade,
    MoreWorkers,
    FewerWorkers,
    Reap
};

struct UnixSignal {
    int number;
    std::string_view name;
    UnixAction action;
    std::string_view help;  ///< for the manual; empty when no business of operators
};

/// The Unix signals that the master handles; the manual's table is made from this one.
inline constexpr std::array kUnixSignals = {
    UnixSignal{SIGHUP, "SIGHUP", UnixAction::Reload,
               "read the configuration again, start a new generation of workers, then drain the "
               "old one; if the new one fails, the old one goes on"},
    UnixSignal{SIGTERM, "SIGTERM", UnixAction::Stop,
               "finish the requests in flight, then leave; a second one leaves at once"},
    UnixSignal{SIGINT, "SIGINT", UnixAction::Stop, "the same as SIGTERM"},
    UnixSignal{SIGQUIT, "SIGQUIT", UnixAction::StopNow, "leave at once; requests are cut"},
    UnixSignal{SIGUSR1, "SIGUSR1", UnixAction::ReopenLogs, "open the log file again"},
    UnixSignal{SIGUSR2, "SIGUSR2", UnixAction::Upgrade,
               "upgrade: start the program anew as it is on the disk now; when it is ready it "
               "takes over, and this one drains and leaves"},
    UnixSignal{SIGTTIN, "SIGTTIN", UnixAction::MoreWorkers, "one worker more"},
    UnixSignal{SIGTTOU, "SIGTTOU", UnixAction::FewerWorkers, "one worker fewer"},
    UnixSignal{SIGCHLD, "SIGCHLD", UnixAction::Reap, ""},
};

/// Receives the Unix signals, in the loop.
class UnixSignalListener {
  public:
    virtual void on_unix_signal(const UnixSignal& signal, pid_t sender) noexcept = 0;

  protected:
    ~UnixSignalListener() = default;
};

/// Blocks the Unix signals of the table and reads them from a signalfd, so that no code of ours
/// runs inside a signal handler. The Spawner gives children a clean mask.
/// Lives in: master.
class UnixSignals {
  public:
    /// Throws ErrnoError.
    UnixSignals(event::Loop& loop, UnixSignalListener& listener);

  private:
    void on_io(int events) noexcept;

    UnixSignalListener& listener_;
    UniqueFd fd_;
    event::Io io_;
};

}  // namespace geventd::master
