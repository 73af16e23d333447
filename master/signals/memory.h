// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "config/settings.h"
#include "shm/signal_inspection.h"
#include "shm/signal_recovery.h"
#include "shm/signal_region.h"
#include "shm/signal_watch.h"
#include "shm/signal_writer.h"

namespace geventd::master {

/// One shared memory of signals and locks, and the master's access to it. Everything but `region`
/// relies only on the master's own knowledge of which process has a place in it.
/// Lives in: master.
struct SignalMemory {
    /// Throws ErrnoError.
    SignalMemory(const config::Signals& settings, const shm::SignalLoads& loads,
                 std::vector<int> eventfds);
    SignalMemory(const SignalMemory&) = delete;
    SignalMemory& operator=(const SignalMemory&) = delete;
    ~SignalMemory() = default;

    /// Counts unfinished signals, looking at all slots because a queue's head may be damaged.
    [[nodiscard]] std::uint64_t count_left() const;

    shm::SignalRegion region;
    shm::SignalWaker waker;
    shm::SignalRecovery recovery;
    shm::SignalRegistry registry;
    shm::SignalWriter writer;
    shm::SignalWatch watch;
    shm::SignalInspection inspection;
    bool damaged = false;
    unsigned users = 0;  ///< workers that have it mapped
};

}  // namespace geventd::master
