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

/// One page on most kernels; where pages are larger, workers can write into neighbouring slots.
inline constexpr std::size_t kSlotSize = 4096;

/// What a worker publishes about itself. Written by that worker alone with relaxed stores (the
/// master resets a slot before it hands it out), read by the master and other workers at any time,
/// so a reader may see counters of slightly different moments. No field is a lock: a worker killed
/// at any instruction leaves the slot readable. The application may have written anything, so
/// readers must cope with any value. Each process has only the page of its own slot mapped
/// writable, the master all of them.
struct alignas(kSlotSize) WorkerSlot : WorkerFigures<std::atomic> {
    std::atomic<std::int32_t> pid;
    std::atomic<std::uint32_t> generation;
    std::atomic<std::int64_t> spawned;    ///< seconds since the epoch; the master writes it
    std::atomic<std::uint32_t> worker;    ///< number in its generation; the master writes it
    std::atomic<std::uint32_t> respawns;  ///< earlier workers of that number; the master's too
    std::atomic<std::uint32_t> hub_over;  ///< the hub serves no more: the worker leaves

    // The hub's pulse: the master asks now and then, a hub that turns answers at once.
    std::atomic<std::int64_t> hub_asked;     ///< steady ns of the question; the master's
    std::atomic<std::int64_t> hub_answered;  ///< the newest question that was answered
    std::atomic<std::int64_t> hub_blocked;   ///< steady ns, since when; 0: it is not. The master's

    FailureNote failure;        ///< of the application, the newest
    SharedDurations durations;  ///< of the ended requests, from the complete head

    /// Zeros everything; the master does it before it hands the slot out.
    void reset();
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(WorkerSlot) == kSlotSize);

/// The region that master and workers share: a page for the header and one slot for each worker
/// process that can live at once (the serving generation, its successors and those that drain).
/// Lives in: a Region made by the master before the first fork.
struct Scoreboard {
    static constexpr std::uint32_t kVersion = 6;  ///< of the whole layout
    static constexpr std::uint32_t kMaxSlots = 1024;

    std::atomic<std::int32_t> master_pid;
    std::atomic<std::uint32_t> serving;  ///< number of the serving generation; 0: none so far
    std::atomic<std::int64_t> started;   ///< when the master started, seconds since the epoch
    std::atomic<std::uint32_t> used;     ///< slots from here on were never handed out
    WorkerSlot slots[kMaxSlots];

    /// Prepares a fresh region's memory; the calling process is the master.
    static Scoreboard& format(void* memory, std::size_t size);

    /// The scoreboard in a mapped region; throws std::runtime_error when it is too small.
    static Scoreboard& open(void* memory, std::size_t size);

    /// Where a slot lies, in bytes from the beginning.
    static constexpr std::size_t place_of(std::uint32_t slot) { return (1 + slot) * kSlotSize; }

    /// How many slots may ever have been handed out.
    [[nodiscard]] std::uint32_t in_use() const {
        return std::min(used.load(std::memory_order_relaxed), kMaxSlots);
    }
};

static_assert(sizeof(Scoreboard) == Scoreboard::place_of(Scoreboard::kMaxSlots));

}  // namespace geventd::shm
