// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::config {

/// Sizes and times as written in a configuration. The text of a failure completes a sentence whose
/// subject is the value: "has no unit, expected ...".

/// `64KiB`, `10MiB`, `1GiB`, `512B`, or plain bytes.
Result<std::uint64_t> parse_size(std::string_view text);

/// `500ms`, `30s`, `5m`, `1h`, or `0`; any other bare number lacks its unit.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A whole decimal number with an optional minus sign, nothing else around it.
Result<std::int64_t> parse_integer(std::string_view text);

/// In the largest unit that divides the value: 65536 is "64KiB", 1000 is "1000".
std::string format_size(std::uint64_t bytes);

/// In the largest unit that divides the value: 90 s is "90s", 120 s is "2m", zero is "0s".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace geventd::config
