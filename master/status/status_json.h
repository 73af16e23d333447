// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "master/status/status.h"

namespace geventd::master {

/// The status as one JSON document, for geventctl and scripts. Durations are in seconds, times ISO
/// 8601 in UTC, sizes in bytes; unknown values are null. New versions only add members.
std::string format_status_json(const Status& status, std::chrono::system_clock::time_point now);

/// The points of the history after `since`, in the same format.
std::string format_history_json(const std::deque<HistoryPoint>& history, std::uint64_t since);

}  // namespace geventd::master
