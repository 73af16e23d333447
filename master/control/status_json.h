// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "master/status.h"

namespace geventd::master {

/// What the status document says beyond the master's own knowledge.
struct StatusSurroundings {
    std::chrono::system_clock::time_point now;
    std::function<std::optional<std::uint64_t>(pid_t)> rss;  ///< resident bytes of a process
};

/// The status as one JSON document, for geventctl and for scripts. Durations are seconds, moments
/// ISO 8601 in UTC, sizes bytes; what is unknown is null. Members are only ever added.
std::string format_status_json(const Status& status, const StatusSurroundings& surroundings);

/// Resident bytes of a process by /proc; none when it is gone.
std::optional<std::uint64_t> read_rss(pid_t pid);

}  // namespace geventd::master
