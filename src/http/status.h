// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace geventd::http {

/// The standard reason phrase ("Not Found"), or "Unknown".
std::string_view reason_phrase(int status);

/// True for the statuses whose answers never have a body: 1xx, 204 and 304 (RFC 9112 6.3).
constexpr bool has_no_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

/// Parses the number of a status line ("404 Not Found", "404"): three digits from 100 on, followed
/// by a space or the end. 0 for anything else.
int parse_status(std::string_view text);

}  // namespace geventd::http
