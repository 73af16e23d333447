// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/durations.h"
#include "shm/failure_note.h"
#include "shm/worker_figures.h"

namespace geventd::shm {

/// One page on most kernels. With larger pages, workers can write into neighbouring slots.
inline constexpr std::size_t kSlotSize = 4096;

/// What a worker publishes about itself. Only that worker writes it, with relaxed stores (the
/// master resets the slot before handing it out); the master and other workers read it at any
/// time, so counters may be from slightly different moments. No field is a lock: the slot stays
/// readable even if the worker is killed at any instruction. The application may have written
/// anything, so readers must cope with any value. Each process has only the page of its own slot
/// mapped writable, the master all of them.
struct alignas(kSlotSize) WorkerSlot : WorkerFigures<std::atomic> {
    std::atomic<std::int32_t> pid;
    std::atomic<std::uint32_t> generation;
    std::atomic<std::int64_t> spawned;    ///< seconds since the epoch; the master writes it
    std::atomic<std::uint32_t> worker;    ///< number in its generation; the master writes it
    std::atomic<std::uint32_t> respawns;  ///< earlier ones with that number; the master writes it
    std::atomic<std::uint32_t> hub_over;  ///< 1: the hub has ended, the worker is about to exit
    std::atomic<std::uint32_t> listens;   ///< 1: it takes connections, and does not drain
    std::atomic<std::uint32_t> hints;  ///< bits of what the log was told (worker/requests/hints.h)

    // The hub's pulse: the master asks regularly, and a hub that turns answers at once.
    std::atomic<std::int64_t> hub_asked;     ///< steady ns of the question; written by the master
    std::atomic<std::int64_t> hub_answered;  ///< the latest answered question
    std::atomic<std::int64_t> hub_blocked;   ///< steady ns when a block began; 0: none

    FailureNote failure;        ///< the application's latest
    SharedDurations durations;  ///< durations of ended requests, from the complete head

    /// Zeros everything; called by the master before it hands the slot out.
    void reset();
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(WorkerSlot) == kSlotSize);

/// The region that master and workers share: a header page and one slot for each worker process
/// that may be alive at once (of the serving generation, its successor and draining ones).
/// Lives in: a Region made by the master before the first fork.
struct Scoreboard {
    static constexpr std::uint32_t kVersion = 12;  ///< version of the whole layout
    static constexpr std::uint32_t kMaxSlots = 1024;

    std::atomic<std::int32_t> master_pid;
    std::atomic<std::uint32_t> serving;  ///< number of the serving generation; 0: none yet
    std::atomic<std::int64_t> started;   ///< when the master started, seconds since the epoch
    std::atomic<std::uint32_t> used;     ///< slots from this index on were never handed out
    WorkerSlot slots[kMaxSlots];

    /// Initialises a fresh region's memory; the calling process is the master.
    static Scoreboard& format(void* memory, std::size_t size);

    /// The scoreboard in a mapped region. Throws std::runtime_error when the region is too small.
    static Scoreboard& open(void* memory, std::size_t size);

    /// A slot's offset in bytes.
    static constexpr std::size_t place_of(std::uint32_t slot) { return (1 + slot) * kSlotSize; }

    /// An upper bound of the slots that have been handed out.
    [[nodiscard]] std::uint32_t in_use() const {
        return std::min(used.load(std::memory_order_relaxed), kMaxSlots);
    }
};

static_assert(sizeof(Scoreboard) == Scoreboard::place_of(Scoreboard::kMaxSlots));

}  // namespace geventd::shm
