// SPDX-License-Identifier: MIT
#include "log/access_times.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include <fmt/core.h>

namespace geventd::log {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string_view month(const tm& time) {
    return kMonths.at(static_cast<std::size_t>(time.tm_mon));
}

std::string offset(const tm& time) {
    const std::int64_t minutes = std::abs(std::int64_t{time.tm_gmtoff}) / 60;
    return fmt::format("{}{:02}{:02}", time.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace

tm local_time(std::int64_t epoch) {
    const time_t seconds{epoch};
    tm time{};
    ::localtime_r(&seconds, &time);
    return time;
}

std::string format_ltime(const tm& time) {
    return fmt::format("{:02}/{}/{:04}:{:02}:{:02}:{:02} {}", time.tm_mday, month(time),
                       time.tm_year + 1900, time.tm_hour, time.tm_min, time.tm_sec, offset(time));
}

std::string format_ctime(const tm& time) {
    return fmt::format("{} {} {:2} {:02}:{:02}:{:02} {:04}",
                       kDays.at(static_cast<std::size_t>(time.tm_wday)), month(time), time.tm_mday,
                       time.tm_hour, time.tm_min, time.tm_sec, time.tm_year + 1900);
}

std::string format_iso(const tm& time) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}", time.tm_year + 1900,
                       time.tm_mon + 1, time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec,
                       offset(time));
}

}  // namespace geventd::log
