// SPDX-License-Identifier: MIT
#include "shm/durations.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geventd::shm {

DurationCounts SharedDurations::read() const noexcept {
    DurationCounts copy;
    std::transform(counts.begin(), counts.end(), copy.begin(),
                   [](const auto& count) { return count.load(std::memory_order_relaxed); });
    return copy;
}

void SharedDurations::reset() noexcept {
    for (auto& count : counts) {
        // An unneeded store would make the page of an unused slot resident.
        if (count.load(std::memory_order_relaxed) != 0) {
            count.store(0, std::memory_order_relaxed);
        }
    }
}

std::uint64_t total(const DurationCounts& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t percentile(const DurationCounts& counts, double percent) {
    const std::uint64_t all = total(counts);
    if (all == 0) {
        return 0;
    }
    const auto rank = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(std::ceil(static_cast<double>(all) * percent / 100)), 1, all);
    std::uint64_t seen = 0;
    std::size_t index = 0;
    while ((seen += counts[index]) < rank && index + 1 < counts.size()) {
        ++index;
    }
    return DurationClass::upper(index);
}

}  // namespace geventd::shm
