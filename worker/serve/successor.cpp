// SPDX-License-Identifier: MIT
#include "worker/serve/successor.h"

#include <limits>

#include "base/random_bits.h"

namespace geventd::worker {

namespace {

// How many requests this worker serves until it is recycled.
std::uint64_t draw_requests(const config::Workers& settings) {
    if (settings.max_requests == 0) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    const auto jitter = static_cast<std::uint64_t>(settings.max_requests_jitter) + 1;
    return static_cast<std::uint64_t>(settings.max_requests) + random_bits() % jitter;
}

}  // namespace

Successor::Successor(const config::Workers& settings) : requests_left_(draw_requests(settings)) {}

}  // namespace geventd::worker
