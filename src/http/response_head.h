// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// The current time as an IMF-fixdate ("Mon, 23 Nov 2026 10:00:00 GMT"), remade once a second.
/// `epoch` is the wall clock in whole seconds, given by the caller. Not thread-safe.
std::string_view date_text(std::int64_t epoch);

/// The standard reason phrase ("Not Found"), or "Unknown".
std::string_view reason_phrase(int status);

/// A whole answer made by the server itself (refusals, 503): plain text body of one line,
/// Content-Length, Date and, unless `keep_alive`, `Connection: close`.
std::string make_simple_response(int status, std::string_view text, std::int64_t epoch,
                                 bool keep_alive = false, std::string_view extra_headers = {});

}  // namespace geventd::http
