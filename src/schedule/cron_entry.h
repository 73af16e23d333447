// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>
#include <tuple>

#include "base/result.h"

namespace geventd::schedule {

/// When a cron entry fires, in the process's local time: at the beginning of each matching minute.
/// It is made from uWSGI's five numbers (-1 any, -n every value that n divides) or from crontab
/// text ("*/5 2-4 * * mon"). If both day and weekday are restricted, either may match.
///
/// When the clock goes forward (summer time begins), an entry for certain hours whose minute is
/// skipped fires once, in the first minute after the gap. When the clock goes back, it fires only
/// in the first of two equal minutes. An entry for every hour follows the minutes that really pass:
/// none is skipped for it, and the repeated hour counts twice.
/// Lives in: every process. A value.
class CronEntry {
  public:
    struct Fields {
        int minute = -1;
        int hour = -1;
        int day = -1;
        int month = -1;
        int weekday = -1;  ///< Sunday is 0 or 7
    };

    /// uWSGI's numbers; the error names the field.
    static Result<CronEntry> from_fields(const Fields& fields);

    /// Five fields of numbers, names (jan, mon), ranges, lists and steps, or @hourly, @daily,
    /// @midnight, @weekly, @monthly, @yearly, @annually.
    static Result<CronEntry> parse(std::string_view text);

    /// The first firing after `time` (seconds since the epoch); nothing when the entry never
    /// fires (31 February).
    [[nodiscard]] std::optional<std::time_t> next_after(std::time_t time) const;

    /// Whether a day is among its days and months that exists; not so for 30 February.
    [[nodiscard]] bool is_possible() const;

    /// Whether the minute of `time` on the wall clock matches the entry.
    [[nodiscard]] bool matches(std::time_t time) const;

    /// Whether it fires in every hour of its days.
    [[nodiscard]] bool every_hour() const { return hours_ == kAllHours; }

    bool operator==(const CronEntry& other) const = default;

    bool operator<(const CronEntry& other) const {
        return std::tie(minutes_, hours_, days_, months_, weekdays_, either_day_) <
               std::tie(other.minutes_, other.hours_, other.days_, other.months_, other.weekdays_,
                        other.either_day_);
    }

  private:
    static constexpr std::uint32_t kAllHours = (1U << 24) - 1;

    [[nodiscard]] bool day_matches(const std::tm& wall) const;
    [[nodiscard]] bool wall_matches(const std::tm& wall) const;
    [[nodiscard]] bool repeated(std::time_t time, const std::tm& wall) const;
    [[nodiscard]] std::optional<std::time_t> in_gap(std::time_t before, std::time_t offset,
                                                    std::time_t after,
                                                    std::time_t offset_after) const;
    [[nodiscard]] int days_to_skip(std::tm wall) const;
    [[nodiscard]] int minutes_to_skip(const std::tm& wall) const;

    std::uint64_t minutes_ = 0;
    std::uint32_t hours_ = 0;
    std::uint32_t days_ = 0;    ///< bits 1..31
    std::uint16_t months_ = 0;  ///< bits 1..12
    std::uint8_t weekdays_ = 0;
    bool either_day_ = false;
};

}  // namespace geventd::schedule
