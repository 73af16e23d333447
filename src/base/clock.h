// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace geventd {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

}  // namespace geventd
