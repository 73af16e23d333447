// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace geventd::http {

/// `epoch`, the wall clock in whole seconds, as an IMF-fixdate of RFC 9110 5.6.7
/// ("Mon, 23 Nov 2026 10:00:00 GMT"). Formatted once a second; the view stays valid until the next
/// call with another second. Not thread-safe.
std::string_view date_text(std::int64_t epoch);

/// The same as a text of its own. Thread-safe.
std::string format_date(std::int64_t epoch);

/// Reads a date in any of the three forms of RFC 9110 5.6.7, as seconds of the wall clock. Without
/// a value for anything else.
std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace geventd::http
