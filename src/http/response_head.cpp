// SPDX-License-Identifier: MIT
#include "http/response_head.h"

#include <time.h>

#include <array>

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

std::string make_simple_response(int status, std::string_view text, std::int64_t epoch,
                                 bool keep_alive, std::string_view extra_headers) {
    std::string response =
        fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n{}{}", status, reason_phrase(status),
                    date_text(epoch), keep_alive ? "" : "Connection: close\r\n", extra_headers);
    if (has_no_body(status)) {
        return response.append("\r\n");
    }
    response +=
        fmt::format("Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{}\n",
                    text.size() + 1, text);
    return response;
}

ChunkSizeLine::ChunkSizeLine(std::size_t size) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    bytes_[--start_] = '\n';
    bytes_[--start_] = '\r';
    do {
        bytes_[--start_] = kDigits[size & 15U];
        size >>= 4U;
    } while (size != 0);
}

}  // namespace geventd::http
