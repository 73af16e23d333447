// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace geventd::bench {

/// What that share (0 to 1) of the values does not exceed; 0 without values. REQUIRES: they are
/// sorted.
inline double percentile(const std::vector<double>& sorted, double share) {
    const auto at = static_cast<std::size_t>(static_cast<double>(sorted.size()) * share);
    return sorted.empty() ? 0.0 : sorted[std::min(at, sorted.size() - 1)];
}

}  // namespace geventd::bench
