// SPDX-License-Identifier: MIT
#include "master/supervise/slot_pool.h"

#include <algorithm>
#include <ctime>

namespace geventd::master {

SlotLease::~SlotLease() {
    if (pool_ != nullptr) {
        pool_->board_.slots[index_].reset();
        pool_->taken_[index_] = false;
    }
}

shm::WorkerSlot& SlotLease::counters() const {
    return pool_->board_.slots[index_];
}

std::optional<SlotLease> SlotPool::take(std::uint32_t generation, std::uint32_t worker,
                                        std::uint32_t respawns) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const auto free = std::find(taken_.begin(), taken_.end(), false);
    if (free == taken_.end()) {
        return std::nullopt;
    }
    *free = true;
    const auto index = static_cast<std::uint32_t>(free - taken_.begin());
    shm::WorkerSlot& slot = board_.slots[index];
    slot.reset();
    slot.generation.store(generation, kRelaxed);
    slot.worker.store(worker, kRelaxed);
    slot.respawns.store(respawns, kRelaxed);
    slot.spawned.store(std::time(nullptr), kRelaxed);
    slot.accepting.store(1, kRelaxed);
    used_ = std::max(used_, index + 1);
    board_.used.store(used_, kRelaxed);
    return SlotLease(*this, index);
}

}  // namespace geventd::master
