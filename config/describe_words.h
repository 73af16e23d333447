// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "config/describe.h"
#include "config/value.h"

namespace geventd::config {

// Units and effects for the descriptions of settings.

inline constexpr std::uint64_t kKiB = 1 << 10;
inline constexpr std::uint64_t kMiB = 1 << 20;
inline constexpr std::uint64_t kGiB = 1 << 30;
inline constexpr Milliseconds kDay = std::chrono::hours(24);

inline constexpr Effect kNow{Moment::Now, {}};
inline constexpr Effect kGeneration{Moment::Generation, {}};
inline constexpr Effect kRestart{Moment::Restart, {}};

}  // namespace geventd::config
