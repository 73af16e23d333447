// SPDX-License-Identifier: MIT
#include "http/date.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/core.h>

#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr std::string_view kAsctime = "Sun Nov  6 08:49:37 1994";
constexpr std::size_t kLongestDate = 33;  // "Wednesday, 09-Nov-94 08:49:37 GMT"

// Where the parts of a date begin.
struct DateForm {
    std::size_t day;
    std::size_t month;
    std::size_t year;
    std::size_t time;
};

// A number of exactly that many digits, or -1; a blank may stand for the first.
int number_at(std::string_view text, std::size_t place, std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const char byte = text[place + i];
        if (!is(kDigit, byte) && (byte != ' ' || i > 0 || digits != 2)) {
            return -1;
        }
        value = value * 10 + (byte == ' ' ? 0 : byte - '0');
    }
    return value;
}

// A year of two digits lies at most 50 years ahead (RFC 9110 5.6.7).
int year_at(std::string_view text, std::size_t place) {
    if (text.size() > place + 3 && is(kDigit, text[place + 2])) {
        return number_at(text, place, 4);
    }
    const int year = number_at(text, place, 2);
    return year < 0 ? year : year + (year < 70 ? 2000 : 1900);
}

std::optional<std::int64_t> date_of(std::string_view text, const DateForm& form, std::size_t size) {
    if (text.size() != size || (size != kAsctime.size() && !text.ends_with(" GMT")) ||
        text[form.time + 2] != ':' || text[form.time + 5] != ':') {
        return std::nullopt;
    }
    const auto* const month = std::find(kMonths.begin(), kMonths.end(), text.substr(form.month, 3));
    tm parts{};
    parts.tm_mday = number_at(text, form.day, 2);
    parts.tm_mon = static_cast<int>(month - kMonths.begin());
    parts.tm_year = year_at(text, form.year) - 1900;
    parts.tm_hour = number_at(text, form.time, 2);
    parts.tm_min = number_at(text, form.time + 3, 2);
    parts.tm_sec = number_at(text, form.time + 6, 2);
    if (month == kMonths.end() || parts.tm_mday < 1 || parts.tm_mday > 31 ||
        parts.tm_year < -1900 || parts.tm_hour < 0 || parts.tm_hour > 23 || parts.tm_min < 0 ||
        parts.tm_min > 59 || parts.tm_sec < 0 || parts.tm_sec > 60) {
        return std::nullopt;
    }
    return ::timegm(&parts);
}

}  // namespace

std::string format_date(std::int64_t epoch) {
    const time_t time{epoch};
    tm parts{};
    ::gmtime_r(&time, &parts);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                       kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string_view date_text(std::int64_t epoch) {
    static std::int64_t made_for = epoch;
    static std::string text = format_date(epoch);
    if (made_for != epoch) {
        made_for = epoch;
        text = format_date(epoch);
    }
    return text;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
    if (text.size() < kAsctime.size() || text.size() > kLongestDate) {
        return std::nullopt;
    }
    const std::size_t comma = text.find(',');
    if (comma == 3) {
        return date_of(text, {.day = 5, .month = 8, .year = 12, .time = 17}, 29);
    }
    if (comma != std::string_view::npos) {  // "Sunday, 06-Nov-94 08:49:37 GMT"
        return date_of(text.substr(comma), {.day = 2, .month = 5, .year = 9, .time = 12}, 24);
    }
    return date_of(text, {.day = 8, .month = 4, .year = 20, .time = 11}, kAsctime.size());
}

}  // namespace geventd::http
