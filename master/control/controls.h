// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "master/status/status.h"

namespace geventd::master {

/// What others may ask the running master to do: the control server, and whatever watches files.
/// Every call belongs to the loop's thread and returns at once.
class Controls {
  public:
    virtual ~Controls() = default;

    /// As SIGHUP. `done` is called when that reload is over, with its outcome.
    virtual void reload(ReloadDone done) = 0;

    /// As SIGUSR2. `done` is called when the new master leads or never will.
    virtual void upgrade(ReloadDone done) = 0;

    /// As SIGTERM: drains, then leaves.
    virtual void stop() = 0;

    /// As SIGUSR1.
    virtual void reopen_logs() = 0;

    /// Has all workers accept no connection until resumed; fails when the server stops.
    virtual Result<void> pause(bool on) = 0;

    /// The number of workers of the serving generation from now on (as SIGTTIN and SIGTTOU).
    /// Fails when the number is not possible.
    virtual Result<void> set_workers(int count) = 0;

    /// Sends a signal (0 to 255) to the workers. Fails when it was not accepted.
    virtual Result<void> send_signal(int number, const std::string& payload) = 0;
};

}  // namespace geventd::master
