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

/// What a timer does when its time has come.
struct TimerPlan {
    std::chrono::milliseconds period{0};
    /// Grid: at whole periods from its start; periods that were missed are one tick.
    /// Chain: one period after the last tick was seen (uWSGI's red-black timers).
    enum class Kind : std::uint8_t { Grid, Chain } kind = Kind::Grid;
    std::uint32_t iterations = 0;  ///< ticks until it ends; 0: for ever

    bool operator==(const TimerPlan& other) const = default;

    bool operator<(const TimerPlan& other) const {
        return std::tie(period, kind, iterations) <
               std::tie(other.period, other.kind, other.iterations);
    }
};

/// A path whose changes tick.
struct MonitorPlan {
    std::string path;

    bool operator==(const MonitorPlan& other) const = default;

    bool operator<(const MonitorPlan& other) const { return path < other.path; }
};

using SchedulePlan = std::variant<TimerPlan, CronEntry, MonitorPlan>;

/// The longest period of a timer: ten years.
inline constexpr std::chrono::milliseconds kLongestPeriod = std::chrono::hours(10 * 366 * 24);

/// Plans as text, in which form a worker tells the master of them:
///
///   timer MILLISECONDS | chain MILLISECONDS ITERATIONS | cron TEXT | fields M H D M W | watch PATH
std::string timer_text(std::chrono::milliseconds period);
std::string chain_text(std::chrono::milliseconds period, std::uint32_t iterations);
std::string cron_text(std::string_view entry);
std::string fields_text(const CronEntry::Fields& fields);
std::string watch_text(std::string_view path);

/// The plan that such a text stands for; fails with a sentence when it cannot be kept.
Result<SchedulePlan> parse_plan(std::string_view text);

/// Says what is wrong with a plan by itself (a period of zero, a date that never comes).
Result<void> check_plan(const SchedulePlan& plan, std::time_t now);

}  // namespace geventd::schedule
