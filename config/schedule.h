// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace geventd::config {

/// An entry of `timers`, `crons` or `monitors`.
struct ScheduleEntry {
    std::string key;   ///< "timers[0]"
    std::string plan;  ///< as schedule::parse_plan() reads it; "" if the entry is still empty
    const ScheduledSignal* sends = nullptr;
};

/// All entries of the settings, which must outlive them.
std::vector<ScheduleEntry> schedule_of(const Settings& settings);

/// Gives each entry the number of the signal that it sends: its own, or, if it runs a function, one
/// from 255 downwards that no entry names; and hooks.worker-died the next such number. The same
/// settings give the same numbers everywhere.
void number_schedule(Settings& settings);

}  // namespace geventd::config
