// SPDX-License-Identifier: MIT
#include "http/status.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace geventd::http {

namespace {

struct Status {
    int code;
    std::string_view phrase;
};

// The HTTP Status Code Registry of IANA.
constexpr std::array kStatuses = std::to_array<Status>({
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {104, "Upload Resumption Supported"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
});

constexpr bool is_lower(const Status& a, const Status& b) {
    return a.code < b.code;
}

static_assert(std::is_sorted(kStatuses.begin(), kStatuses.end(), is_lower));

}  // namespace

std::string_view reason_phrase(int status) {
    const auto found =
        std::lower_bound(kStatuses.begin(), kStatuses.end(), Status{status, {}}, is_lower);
    return found != kStatuses.end() && found->code == status ? found->phrase : "Unknown";
}

int parse_status(std::string_view text) {
    int status = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, status);
    const bool three_digits = error == std::errc() && rest == text.data() + 3 && status >= 100;
    return three_digits && (rest == end || *rest == ' ') ? status : 0;
}

}  // namespace geventd::http
