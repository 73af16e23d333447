// SPDX-License-Identifier: MIT
//
// Used instead of llhttp, which would look again at each byte that the scanner has checked: that
// was a seventh of a small request's cost in user space. Tests (tests/unit/http) and tests/fuzz
// still compare this parser with llhttp.
#include "http/field_lines.h"

#include "http/octets.h"

namespace geventd::http {

namespace {

/// The length of the token at the beginning of the line.
std::size_t name_length(std::string_view line) {
    std::size_t length = 0;
    while (length < line.size() && is(kToken, line[length])) {
        ++length;
    }
    return length;
}

Rejection explain(std::string_view line, std::size_t length) {
    if (length == line.size()) {
        return {400, "header line without a colon"};
    }
    return {400, line[length] == ':' ? "empty header name" : "invalid character in a header name"};
}

}  // namespace

Rejection read_field_lines(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
    for (;;) {
        const std::string_view line = bytes.substr(0, bytes.find('\r'));
        if (line.empty()) {
            return {};
        }
        const std::size_t length = name_length(line);
        if (length == 0 || length == line.size() || line[length] != ':') {
            return explain(line, length);
        }
        if (head.headers.size() == limits.headers) {
            return {431, "too many header fields"};
        }
        head.headers.push_back({line.substr(0, length), trim(line.substr(length + 1))});
        bytes.remove_prefix(line.size() + 2);
    }
}

}  // namespace geventd::http
