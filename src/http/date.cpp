// SPDX-License-Identifier: MIT
#include "http/date.h"

#include <time.h>

#include <array>
#include <string>

#include <fmt/core.h>

namespace geventd::http {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string make_date(std::int64_t epoch) {
    const time_t time{epoch};
    tm parts{};
    ::gmtime_r(&time, &parts);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                       kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string_view date_text(std::int64_t epoch) {
    static std::int64_t made_for = epoch;
    static std::string text = make_date(epoch);
    if (made_for != epoch) {
        made_for = epoch;
        text = make_date(epoch);
    }
    return text;
}

}  // namespace geventd::http
