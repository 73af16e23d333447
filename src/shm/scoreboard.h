// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/durations.h"
#include "shm/failure_note.h"

namespace geventd::shm {

/// A page, of most kernels: where pages are larger, workers can write into the slots beside theirs.
inline constexpr std::size_t kSlotSize = 4096;

/// What a worker shows of itself. Written by that worker alone with relaxed stores (the master
/// resets a slot before it hands it out), read by the master and by siblings at any time, so a
/// reader may see counters of slightly different moments. No field is a lock: a worker killed at
/// any instruction leaves the slot readable. The application may have written anything: readers
/// draw no conclusions that a wild value could turn against them. Each process has only the page of
/// its own slot mapped writable, the master all of them.
struct alignas(kSlotSize) WorkerSlot {
    std::atomic<std::int32_t> pid;
    std::atomic<std::uint32_t> generation;
    std::atomic<std::uint32_t> cores;        ///< configured
    std::atomic<std::uint32_t> cores_busy;   ///< requests in their greenlets now
    std::atomic<std::uint32_t> cores_peak;   ///< the most that were ever busy at once
    std::atomic<std::uint32_t> queued;       ///< complete requests that wait for a core
    std::atomic<std::uint32_t> connections;  ///< open client connections
    std::atomic<std::uint32_t> background;   ///< background greenlets, as of the newest pulse
    std::atomic<std::uint64_t> requests;     ///< requests that have ended
    std::atomic<std::uint64_t> errors;       ///< of these: the application raised
    std::atomic<std::uint64_t> rejected;     ///< malformed requests answered by the server
    std::atomic<std::uint64_t> disconnects;  ///< clients that left before their answer was out
    std::atomic<std::uint64_t> accepted;     ///< connections accepted
    std::atomic<std::uint64_t> heartbeat;    ///< turns of the loop
    std::atomic<std::uint64_t> sent;         ///< bytes of heads and bodies of the ended requests
    std::atomic<std::uint64_t> busy_time;    ///< microseconds that the ended requests took, summed
    std::atomic<std::uint64_t> signals;      ///< signal handlers that have ended
    std::atomic<std::int64_t> spawned;       ///< seconds since the epoch; the master writes it
    std::atomic<std::uint32_t> worker;       ///< number in its generation; the master writes it
    std::atomic<std::uint32_t> respawns;     ///< earlier workers of that number; the master's too
    std::atomic<std::uint32_t> accepting;    ///< the mark that uwsgi.accepting() sets
    std::atomic<std::uint32_t> hub_over;     ///< the hub serves no more: the worker leaves
    std::atomic<std::uint32_t> deaf;         ///< listening sockets that give errors, no connections

    // The hub's pulse: the master asks now and then, a hub that turns answers at once.
    std::atomic<std::int64_t> hub_asked;      ///< steady ns of the question; the master's
    std::atomic<std::int64_t> hub_answered;   ///< the newest question that was answered
    std::atomic<std::uint64_t> hub_lag;       ///< microseconds that the newest answer took
    std::atomic<std::uint64_t> hub_lag_peak;  ///< the most that an answer ever took
    std::atomic<std::uint64_t> hub_blocks;    ///< times limits.blocked-hub was passed; the master's
    std::atomic<std::int64_t> hub_blocked;    ///< steady ns, since when; 0: it is not. The master's
    std::atomic<std::uint64_t> timeouts;      ///< requests that passed their time
    std::atomic<std::uint64_t> unstoppable;   ///< of these: they survived GreenletExit as well
    std::atomic<std::uint64_t> slow_handlers;  ///< signal handlers that passed signals.handler-time

    FailureNote failure;        ///< of the application, the newest
    SharedDurations durations;  ///< of the ended requests, from the complete head

    /// Zeros everything; the master does it before it hands the slot out.
    void reset();
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(WorkerSlot) == kSlotSize);

/// The region that master and workers share: a header and one slot for each worker process that
/// can live at once (the serving generation, its successors and those that drain).
/// Lives in: a Region made by the master before the first fork.
struct Scoreboard {
    static constexpr std::uint32_t kVersion = 5;  ///< of the whole layout
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

    /// How many slots may ever have been handed out.
    [[nodiscard]] std::uint32_t in_use() const {
        return std::min(used.load(std::memory_order_relaxed), kMaxSlots);
    }
};

}  // namespace geventd::shm
