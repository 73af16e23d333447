// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "base/result.h"
#include "schedule/cron_entry.h"

namespace geventd::schedule {

/// What a timer does when it is due.
struct TimerPlan {
    std::chrono::milliseconds period{0};
    /// Grid: fires at whole periods from its start; missed periods give one tick.
    /// Chain: one period after the last tick was seen (uWSGI's red-black timers).
    enum class Kind : std::uint8_t { Grid, Chain } kind = Kind::Grid;
    std::uint32_t iterations = 0;  ///< ticks until it ends; 0: for ever

    bool operator==(const TimerPlan& other) const = default;

    bool operator<(const TimerPlan& other) const {
        return std::tie(period, kind, iterations) <
               std::tie(other.period, other.kind, other.iterations);
    }
};

/// A path that is watched; its changes tick.
struct MonitorPlan {
    std::string path;

    bool operator==(const MonitorPlan& other) const = default;

    bool operator<(const MonitorPlan& other) const { return path < other.path; }
};

using SchedulePlan = std::variant<TimerPlan, CronEntry, MonitorPlan>;

/// The longest period of a timer: ten years.
inline constexpr std::chrono::milliseconds kLongestPeriod = std::chrono::hours(10 * 366 * 24);

/// Plans as text, the form in which a worker sends them to the master:
///
///   timer MILLISECONDS | chain MILLISECONDS ITERATIONS | cron TEXT | fields M H D M W | watch PATH
std::string timer_text(std::chrono::milliseconds period);
std::string chain_text(std::chrono::milliseconds period, std::uint32_t iterations);
std::string cron_text(std::string_view entry);
std::string fields_text(const CronEntry::Fields& fields);
std::string watch_text(std::string_view path);

/// Parses such a text; fails with a sentence when the plan is impossible.
Result<SchedulePlan> parse_plan(std::string_view text);

/// Checks a plan on its own (a period of zero, a date that never comes).
Result<void> check_plan(const SchedulePlan& plan, std::time_t now);

}  // namespace geventd::schedule
