// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "shm/scoreboard.h"

namespace geventd::master {

class SlotPool;

/// A slot of the scoreboard, held for one worker process; the destructor returns it.
class SlotLease {
  public:
    SlotLease(SlotLease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), index_(other.index_) {}

    SlotLease(const SlotLease&) = delete;
    SlotLease& operator=(const SlotLease&) = delete;
    SlotLease& operator=(SlotLease&&) = delete;
    ~SlotLease();

    [[nodiscard]] std::uint32_t index() const { return index_; }

    [[nodiscard]] shm::WorkerSlot& counters() const;

  private:
    friend class SlotPool;

    SlotLease(SlotPool& pool, std::uint32_t index) : pool_(&pool), index_(index) {}

    SlotPool* pool_;
    std::uint32_t index_;
};

/// Hands out the slots of the scoreboard. A slot belongs to a process, not to a worker number: a
/// draining worker keeps its slot while its successor has another.
/// Lives in: master; outlives its leases.
class SlotPool {
  public:
    explicit SlotPool(shm::Scoreboard& board) : board_(board), taken_(shm::Scoreboard::kMaxSlots) {}

    SlotPool(const SlotPool&) = delete;
    SlotPool& operator=(const SlotPool&) = delete;
    ~SlotPool() = default;

    /// Takes and resets the lowest free slot, for worker number `worker` of the generation, which
    /// has been respawned `respawns` times. nullopt when all slots are in use.
    std::optional<SlotLease> take(std::uint32_t generation, std::uint32_t worker = 0,
                                  std::uint32_t respawns = 0);

    [[nodiscard]] shm::Scoreboard& board() const { return board_; }

  private:
    friend class SlotLease;

    shm::Scoreboard& board_;
    std::vector<bool> taken_;
    std::uint32_t used_ = 0;  ///< all slots ever handed out are below this index
};

}  // namespace geventd::master
