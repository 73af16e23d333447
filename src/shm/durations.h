// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace geventd::shm {

/// Classes of durations in microseconds: values below 16 have a class each, above that each octave
/// has eight, so a class spans at most an eighth of its values. The last class takes all that are
/// longer (71 minutes).
struct DurationClass {
    static constexpr std::size_t kCount = 240;

    static constexpr std::size_t of(std::uint64_t microseconds) {
        constexpr std::uint64_t kMost = 0xffff'ffff;
        const std::uint64_t value = microseconds < kMost ? microseconds : kMost;
        const auto shift = value < 16 ? 0 : static_cast<std::size_t>(std::bit_width(value)) - 4;
        return shift * 8 + static_cast<std::size_t>(value >> shift);
    }

    /// The largest value of a class.
    static constexpr std::uint64_t upper(std::size_t index) {
        if (index < 16) {
            return index;
        }
        const std::size_t shift = index / 8 - 1;
        return ((std::uint64_t{index % 8} + 9) << shift) - 1;
    }
};

/// How many durations fell into each class.
using DurationCounts = std::array<std::uint64_t, DurationClass::kCount>;

/// The same in shared memory: one process writes, any reads.
struct SharedDurations {
    std::array<std::atomic<std::uint64_t>, DurationClass::kCount> counts;

    void add(std::uint64_t microseconds) noexcept {
        auto& count = counts[DurationClass::of(microseconds)];
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    [[nodiscard]] DurationCounts read() const noexcept;
    void reset() noexcept;
};

std::uint64_t total(const DurationCounts& counts);

/// The microseconds that `percent` of all did not exceed (the upper end of that class); 0 if empty.
std::uint64_t percentile(const DurationCounts& counts, double percent);

}  // namespace geventd::shm
