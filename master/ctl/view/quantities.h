// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace geventd::ctl {

// Short texts for quantities.

/// "0s", "59s", "3m20s", "2h03m", "5d07h".
std::string format_age(double seconds);

/// "0.4s" below ten seconds, else like format_age(); "-" when unknown.
std::string format_short_age(std::optional<double> seconds);

/// "250us", "1.2ms", "87ms", "5.3s", "3m20s".
std::string format_duration(double seconds);

/// "0", "0.3", "9.5", "1234"; "-" when unknown.
std::string format_rate(std::optional<double> per_second);

/// "512B", "45.2M": powers of 1024.
std::string format_bytes(std::uint64_t bytes);

}  // namespace geventd::ctl
