// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace geventd::http {

/// `epoch`, the wall clock in whole seconds, as an IMF-fixdate of RFC 9110 5.6.7
/// ("Mon, 23 Nov 2026 10:00:00 GMT"). Formatted once a second; the view stays valid until the next
/// call with another second. Not thread-safe.
std::string_view date_text(std::int64_t epoch);

}  // namespace geventd::http
