// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "master/status/status.h"

namespace geventd::master {

/// The operations of the running master, for the control server and Unix signals. All calls are
/// made in the loop's thread and return at once.
class Controls {
  public:
    virtual ~Controls() = default;

    /// Like SIGHUP. `done` is called with the outcome when that reload is over.
    virtual void reload(ReloadDone done) = 0;

    /// Like SIGUSR2. `done` is called when the new master leads or has failed.
    virtual void upgrade(ReloadDone done) = 0;

    /// Like SIGTERM: drains, then exits.
    virtual void stop() = 0;

    /// Like SIGUSR1.
    virtual void reopen_logs() = 0;

    /// Makes all workers stop accepting connections (`on`) or accept again; fails when the server
    /// stops.
    virtual Result<void> pause(bool on) = 0;

    /// Sets the number of workers of the serving generation (as SIGTTIN and SIGTTOU do). Fails
    /// when the number is impossible.
    virtual Result<void> set_workers(int count) = 0;

    /// Sends a signal (0 to 255) to the workers. Fails when it was not accepted.
    virtual Result<void> send_signal(int number, const std::string& payload) = 0;
};

}  // namespace geventd::master
