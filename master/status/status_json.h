// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "master/status/status.h"

namespace geventd::master {

/// The status as one JSON document, for geventctl and for scripts. Durations are seconds, moments
/// ISO 8601 in UTC, sizes bytes; what is unknown is null. Members are only ever added.
std::string format_status_json(const Status& status, std::chrono::system_clock::time_point now);

/// The points of the history behind that ordinal, as a document like the status.
std::string format_history_json(const std::deque<HistoryPoint>& history, std::uint64_t since);

}  // namespace geventd::master
