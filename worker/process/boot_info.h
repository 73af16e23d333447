// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "ipc/messages.h"
#include "shm/region.h"
#include "shm/scoreboard.h"
#include "shm/signal_region.h"
#include "worker/process/listening.h"

namespace geventd::worker {

/// All that the master passes to a new process, unpacked from its Boot message: the effective
/// configuration, the scoreboard, the memory of signals and locks, and the listening sockets.
/// Forked workers inherit it. Lives in: template, worker, check.
struct BootInfo {
    ipc::Role role = ipc::Role::Worker;
    std::uint32_t slot = 0;
    std::uint32_t worker = 0;
    std::uint32_t generation = 0;
    config::Settings settings;
    std::string folder;  ///< in which the master was started; "" if it is gone
    std::unique_ptr<shm::Region> region;
    shm::Scoreboard* scoreboard = nullptr;
    std::vector<Listening> listeners;
    std::unique_ptr<shm::SignalRegion> signals;
    bool log_has_marks = false;      ///< lines of the log begin with their severity
    UniqueFd tls;                    ///< certificates and their keys; -1: no address needs them
    UniqueFd access_log;             ///< of log.access-file; -1: the access log goes with the log
    std::vector<UniqueFd> eventfds;  ///< by process index; -1: not known

    /// Makes a worker's own slot of the scoreboard writable. Throws ErrnoError.
    void open_slot() const;

    /// Sets a worker's own eventfd.
    void set_own_eventfd(UniqueFd fd);
};

/// Throws std::exception when the message is not from a master of the same build.
BootInfo unpack(ipc::Message message);

}  // namespace geventd::worker
