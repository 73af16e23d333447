// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"
#include "event/loop.h"
#include "master/process/child.h"
#include "master/process/processes.h"
#include "master/signals/signals.h"
#include "master/supervise/log_state.h"
#include "master/supervise/slot_pool.h"
#include "shm/region.h"

namespace geventd::master {

/// What every generation and process handle works with. The master owns all of it and outlives
/// them.
struct Services {
    event::Loop& loop;
    Processes& processes;
    SlotPool& slots;
    const shm::Region& scoreboard;
    ChangeListener& listener;
    Signals& signals;
    const LogState* log = nullptr;  ///< null: there is nothing besides the standard descriptors
};

}  // namespace geventd::master
