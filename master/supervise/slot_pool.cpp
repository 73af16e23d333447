// SPDX-License-Identifier: MIT
#include "master/supervise/slot_pool.h"

#include <algorithm>

namespace geventd::master {

SlotLease::~SlotLease() {
    if (pool_ != nullptr) {
        pool_->board_.slots[index_].reset();
        pool_->taken_[index_] = false;
    }
}

const shm::WorkerSlot& SlotLease::counters() const {
    return pool_->board_.slots[index_];
}

std::optional<SlotLease> SlotPool::take(std::uint32_t generation) {
    const auto free = std::find(taken_.begin(), taken_.end(), false);
    if (free == taken_.end()) {
        return std::nullopt;
    }
    *free = true;
    const auto index = static_cast<std::uint32_t>(free - taken_.begin());
    board_.slots[index].reset();
    board_.slots[index].generation.store(generation, std::memory_order_relaxed);
    return SlotLease(*this, index);
}

}  // namespace geventd::master
