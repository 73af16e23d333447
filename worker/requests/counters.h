// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

// For fields of the worker's slot in the scoreboard, which only this worker writes.

namespace geventd::worker {

inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

inline void show(std::atomic<std::uint32_t>& field, std::size_t value) {
    field.store(static_cast<std::uint32_t>(value), std::memory_order_relaxed);
}

}  // namespace geventd::worker
