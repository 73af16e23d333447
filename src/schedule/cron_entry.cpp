// SPDX-License-Identifier: MIT
#include "schedule/cron_entry.h"

#include <string>

namespace geventd::schedule {

namespace {

constexpr std::time_t kMinute = 60;
constexpr std::time_t kHour = 3600;
constexpr std::time_t kDay = 24 * kHour;
constexpr int kEvening = 21;

/// 29 February on one weekday comes back after 40 years at most (over 2100).
constexpr std::time_t kHorizon = kDay * 366 * 41;

std::tm local(std::time_t time) {
    std::tm wall{};
    ::localtime_r(&time, &wall);
    return wall;
}

bool same_minute(const std::tm& a, const std::tm& b) {
    return a.tm_min == b.tm_min && a.tm_hour == b.tm_hour && a.tm_mday == b.tm_mday;
}

int days_of_month(const std::tm& wall) {
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int year = wall.tm_year + 1900;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return kDays[wall.tm_mon] + (leap && wall.tm_mon == 1 ? 1 : 0);
}

struct Field {
    const char* name;
    int low;
    int high;
};

Result<std::uint64_t> field_bits(const Field& field, int value) {
    if (value > field.high || value < -field.high || (value >= 0 && value < field.low)) {
        return failure(std::string("cron ") + field.name + " " + std::to_string(value) +
                       " is out of range: -1 (any), -n (every n-th) or " +
                       std::to_string(field.low) + " to " + std::to_string(field.high));
    }
    if (value >= 0) {
        return std::uint64_t{1} << value;
    }
    std::uint64_t bits = 0;
    for (int candidate = field.low; candidate <= field.high; ++candidate) {
        if (candidate % -value == 0) {
            bits |= std::uint64_t{1} << candidate;
        }
    }
    return bits;
}

}  // namespace

Result<CronEntry> CronEntry::from_fields(const Fields& fields) {
    const int weekday = fields.weekday == 7 ? 0 : fields.weekday;
    const Result<std::uint64_t> minutes = field_bits({"minute", 0, 59}, fields.minute);
    const Result<std::uint64_t> hours = field_bits({"hour", 0, 23}, fields.hour);
    const Result<std::uint64_t> days = field_bits({"day", 1, 31}, fields.day);
    const Result<std::uint64_t> months = field_bits({"month", 1, 12}, fields.month);
    const Result<std::uint64_t> weekdays = field_bits({"weekday", 0, 6}, weekday);
    for (const auto* bits : {&minutes, &hours, &days, &months, &weekdays}) {
        if (!*bits) {
            return failure(bits->error().message);
        }
    }
    CronEntry entry;
    entry.minutes_ = *minutes;
    entry.hours_ = static_cast<std::uint32_t>(*hours);
    entry.days_ = static_cast<std::uint32_t>(*days);
    entry.months_ = static_cast<std::uint16_t>(*months);
    entry.weekdays_ = static_cast<std::uint8_t>(*weekdays);
    entry.either_day_ = fields.day >= 0 && weekday >= 0;
    return entry;
}

/// Whether some month of the entry has one of its days.
bool CronEntry::is_possible() const {
    constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const std::uint32_t days = either_day_ ? 1U << 1 : days_;
    for (int month = 1; month <= 12; ++month) {
        const std::uint64_t there = (std::uint64_t{1} << (kDays[month - 1] + 1)) - 1;
        if ((months_ >> month & 1) != 0 && (days & there) != 0) {
            return minutes_ != 0 && hours_ != 0 && weekdays_ != 0;
        }
    }
    return false;
}

bool CronEntry::day_matches(const std::tm& wall) const {
    const bool day = (days_ >> wall.tm_mday & 1) != 0;
    const bool weekday = (weekdays_ >> wall.tm_wday & 1) != 0;
    return (months_ >> (wall.tm_mon + 1) & 1) != 0 &&
           (either_day_ ? day || weekday : day && weekday);
}

bool CronEntry::wall_matches(const std::tm& wall) const {
    return day_matches(wall) && (hours_ >> wall.tm_hour & 1) != 0 &&
           (minutes_ >> wall.tm_min & 1) != 0;
}

bool CronEntry::matches(std::time_t time) const {
    return wall_matches(local(time));
}

/// How many days after this one to skip within its month: those before the first that matches.
int CronEntry::days_to_skip(std::tm wall) const {
    const int first = wall.tm_mday + 1;
    const int last = days_of_month(wall);
    for (wall.tm_mday = first; wall.tm_mday <= last; ++wall.tm_mday) {
        wall.tm_wday = (wall.tm_wday + 1) % 7;
        if (day_matches(wall)) {
            break;
        }
    }
    return wall.tm_mday - first;
}

/// Minutes from this one to the next that may match. A step over days ends on the evening of the
/// last day that does not match: however the zone changes its clock meanwhile, midnight has not
/// passed yet. Zones change their clocks only at quarters of an hour.
int CronEntry::minutes_to_skip(const std::tm& wall) const {
    const int to_next_hour = 60 - wall.tm_min;
    if (!day_matches(wall)) {
        return wall.tm_hour < kEvening
                   ? to_next_hour + (kEvening - 1 - wall.tm_hour + days_to_skip(wall) * 24) * 60
                   : to_next_hour;
    }
    if ((hours_ >> wall.tm_hour & 1) == 0) {
        return to_next_hour;
    }
    return 1;
}

/// Whether `time` is in the second of two equal minutes, because the clock was put back.
bool CronEntry::repeated(std::time_t time, const std::tm& wall) const {
    for (const std::time_t shift : {kHour / 2, kHour, 2 * kHour}) {
        if (same_minute(local(time - shift), wall)) {
            return true;
        }
    }
    return false;
}

/// If the clock was put forward between the two times, whose offsets from UTC are given, and that
/// skipped a minute of this entry: the first minute after the gap.
std::optional<std::time_t> CronEntry::in_gap(std::time_t before, std::time_t offset,
                                             std::time_t after, std::time_t offset_after) const {
    if (offset_after <= offset) {
        return std::nullopt;
    }
    while (after - before > kMinute) {
        const std::time_t middle = before + (after - before) / (2 * kMinute) * kMinute;
        (local(middle).tm_gmtoff <= offset ? before : after) = middle;
    }
    // The wall clock as if it were UTC: arithmetic on it knows no summer time.
    const std::time_t end = after + local(after).tm_gmtoff;
    for (std::time_t wall = before + local(before).tm_gmtoff + kMinute; wall < end;
         wall += kMinute) {
        std::tm skipped{};
        ::gmtime_r(&wall, &skipped);
        if (wall_matches(skipped)) {
            return after;
        }
    }
    return std::nullopt;
}

std::optional<std::time_t> CronEntry::next_after(std::time_t time) const {
    if (!is_possible()) {
        return std::nullopt;
    }
    const std::time_t start = time - time % kMinute;
    const std::time_t end = start + kHorizon;
    std::time_t before = start;
    std::time_t offset = local(start).tm_gmtoff;
    std::time_t at = start + kMinute;
    while (at < end) {
        const std::tm wall = local(at);
        if (!every_hour()) {
            if (const auto gap = in_gap(before, offset, at, wall.tm_gmtoff)) {
                return gap;
            }
        }
        if (wall_matches(wall) && (every_hour() || !repeated(at, wall))) {
            return at;
        }
        before = at;
        offset = wall.tm_gmtoff;
        at += minutes_to_skip(wall) * kMinute;
    }
    return std::nullopt;
}

}  // namespace geventd::schedule
