// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "shm/signal_word.h"

namespace geventd::shm {

// The layout of the region of signals:
//
//   SignalHeader | SignalRow x kRows | SignalProcess x processes | SignalCounters x processes |
//   queue of process 0 | queue of process 1 | ...
//   queue = SignalQueueHead | state words | SignalBody x slots | payloads
//
// A worker cannot write the header's first page, nor the counters of others.
//
// A *process* is an index: 0 the master, 1 + n the worker in slot n of the scoreboard. Each has
// a queue that it alone writes. Untouched pages cost nothing.
//
// Any word may have any value at any time: the application runs in processes that have it mapped.
// So the sizes are not in the region (the master tells them to each process), a word that decides
// something is read once, and values that no writer can have written are ignored. The master also
// looks for such values (signal_inspection.h) and replaces the memory when it finds some.

inline constexpr unsigned kSignalNumbers = 256;
inline constexpr std::uint32_t kMaxSignalPayload = 64 << 10;
inline constexpr unsigned kMasterProcess = 0;
/// Parts that different processes write begin at this boundary: a page, on most kernels.
inline constexpr std::size_t kSignalPage = 4096;

/// Sizes chosen when the region is made. `slots` is rounded up to a power of two and
/// `payload_bytes` to a multiple of 64.
/// Lives in: the private memory of each process.
struct SignalShape {
    std::uint32_t processes = 0;
    std::uint32_t slots = 16384;            ///< of each queue
    std::uint32_t payload_bytes = 4 << 20;  ///< of each queue
};

enum class SignalPhase : std::uint8_t {
    Empty,    ///< never written
    Ready,    ///< published: any eligible worker may claim it
    Claimed,  ///< a worker holds it; the handler has not begun
    Running,  ///< its handler has begun
    Done,     ///< over, whatever the outcome: the owner may write the slot again
};

/// A slot's state word. Every change of a slot is one store to it or one compare-and-swap of it.
struct SignalState {
    SignalPhase phase = SignalPhase::Empty;
    std::uint8_t attempts = 0;      ///< handlers that began and died with their worker
    std::uint16_t claimer = 0;      ///< a process; for Claimed and Running only
    std::uint16_t incarnation = 0;  ///< of the claimer
    std::uint32_t tag = 0;          ///< grows with each use of the slot, against ABA

    static constexpr std::uint32_t kTagMask = (1U << 25) - 1;
    static constexpr std::uint16_t kClaimerMask = (1U << 12) - 1;

    [[nodiscard]] constexpr std::uint64_t pack() const {
        return static_cast<std::uint64_t>(phase) | std::uint64_t{attempts} << 3 |
               std::uint64_t{claimer} << 11 | std::uint64_t{incarnation} << 23 |
               std::uint64_t{tag & kTagMask} << 39;
    }

    static constexpr SignalState unpack(std::uint64_t word) {
        return {static_cast<SignalPhase>(word & 7), static_cast<std::uint8_t>(word >> 3),
                static_cast<std::uint16_t>(word >> 11 & kClaimerMask),
                static_cast<std::uint16_t>(word >> 23), static_cast<std::uint32_t>(word >> 39)};
    }

    [[nodiscard]] constexpr bool writable() const {
        return phase == SignalPhase::Empty || phase == SignalPhase::Done;
    }

    [[nodiscard]] constexpr bool held() const {
        return phase == SignalPhase::Claimed || phase == SignalPhase::Running;
    }

    [[nodiscard]] constexpr bool possible() const { return phase <= SignalPhase::Done; }
};

enum class TargetKind : std::uint8_t {
    Any,     ///< exactly one worker, no matter which
    Worker,  ///< the worker with this number, or its successor
    All,     ///< each worker that is ready when the signal is sent
    Copy,    ///< only in slots: one worker's copy of a signal to All
};

struct SignalTarget {
    TargetKind kind = TargetKind::Any;
    std::uint16_t worker = 0;  ///< from 1 on; for Worker and Copy only

    bool operator==(const SignalTarget&) const = default;

    /// Whether a number can be registered with this target.
    [[nodiscard]] constexpr bool possible() const {
        return kind == TargetKind::Worker
                   ? worker != 0
                   : (kind == TargetKind::Any || kind == TargetKind::All) && worker == 0;
    }

    [[nodiscard]] constexpr std::uint32_t pack() const {
        return static_cast<std::uint32_t>(kind) | std::uint32_t{worker} << 8;
    }

    static constexpr SignalTarget unpack(std::uint32_t word) {
        return {static_cast<TargetKind>(word & 0xff), static_cast<std::uint16_t>(word >> 8)};
    }
};

/// Number, target and origin of a signal in one word.
struct SignalRouting {
    std::uint8_t number = 0;
    bool tick = false;  ///< sent by a timer, cron entry or monitor: may absorb later ticks
    SignalTarget target;
    std::uint16_t sender = 0;  ///< the sender's worker number, 0 for the master

    [[nodiscard]] constexpr std::uint64_t pack() const {
        return std::uint64_t{number} | std::uint64_t{tick} << 8 |
               std::uint64_t{target.pack()} << 16 | std::uint64_t{sender} << 48;
    }

    static constexpr SignalRouting unpack(std::uint64_t word) {
        return {static_cast<std::uint8_t>(word), (word >> 8 & 1) != 0,
                SignalTarget::unpack(static_cast<std::uint32_t>(word >> 16)),
                static_cast<std::uint16_t>(word >> 48)};
    }

    /// Whether a slot can contain this.
    [[nodiscard]] constexpr bool possible() const {
        return target.kind == TargetKind::Any || target.kind == TargetKind::Worker ||
               target.kind == TargetKind::Copy;
    }
};

/// The place of a payload in its queue's area.
struct SignalExtent {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;

    [[nodiscard]] constexpr std::uint64_t pack() const {
        return std::uint64_t{offset} << 32 | size;
    }

    static constexpr SignalExtent unpack(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
    }

    /// Whether it lies inside an area of `area` bytes.
    [[nodiscard]] constexpr bool possible(std::uint32_t area) const {
        return size <= kMaxSignalPayload && offset <= area && size <= area - offset;
    }
};

/// How long a signal has waited, in nanoseconds. A `sent_at` in the future counts as now, one
/// before the clock's start as its start.
constexpr std::int64_t signal_age(std::int64_t now, std::int64_t sent_at) {
    return sent_at >= now ? 0 : now - (sent_at > 0 ? sent_at : 0);
}

/// The contents of a slot besides its state. Written by the queue's owner while the slot is Empty
/// or Done; read by others, who know that they have read a consistent slot when their swap of the
/// state word succeeds. Only `repeats` may grow while the slot is Ready.
struct SignalBody {
    Word<std::uint64_t> sequence;  ///< position in its queue: unique with the queue's process
    Word<std::int64_t> sent_at;    ///< nanoseconds of the steady clock
    Word<std::uint64_t> routing;   ///< SignalRouting
    Word<std::uint64_t> payload;   ///< SignalExtent
    Word<std::uint32_t> repeats;   ///< further ticks that this one stands for
    Word<std::int32_t> sender_pid;
    std::uint64_t reserved[3];
};

/// The head is a position: it grows by one or more for each signal, slot = position % slots.
/// Both words only tell readers where to look; the state words alone are authoritative.
struct SignalQueueHead {
    alignas(64) Word<std::uint64_t> head;  ///< everything published is before it
    Word<std::uint64_t> rescans;           ///< grows when older slots become ready
};

/// What the others need to know of a process. The master resets it before it hands out the slot.
struct SignalProcess {
    alignas(64) Word<std::uint32_t> incarnation;  ///< changes with each death
    Word<std::uint32_t> generation;
    Word<std::uint32_t> worker;     ///< its number in the configuration: 1..
    Word<std::uint32_t> accepting;  ///< 1: ready and not draining
    Word<std::uint64_t> handlers[kSignalNumbers / 64];
    Word<std::uint32_t> conflict;              ///< 1: its registrations are no longer in its row
    alignas(64) Word<std::uint32_t> sleeping;  ///< 1: wants an eventfd write (signal_wake.h)
    Word<std::uint32_t> running;               ///< handlers in their greenlets now
};

/// Counters that only one process writes; they outlive it and are summed over all processes.
struct SignalCounters {
    struct Number {
        Word<std::uint64_t> accepted;
        Word<std::uint64_t> refused;  ///< queue full
        Word<std::uint64_t> unregistered;
        Word<std::uint64_t> coalesced;
        Word<std::uint64_t> handled;
        Word<std::uint64_t> failed;
        Word<std::uint64_t> redelivered;  ///< counted by the master only
        Word<std::uint64_t> set_aside;    ///< counted by the master only
    };

    Number numbers[kSignalNumbers];
};

/// One generation's registrations: where each number goes.
struct SignalRow {
    Word<std::uint32_t> targets[kSignalNumbers];  ///< 0: none, else 1 + SignalTarget
    Word<std::uint64_t> registered[kSignalNumbers / 64];
    Word<std::uint64_t> missed[kSignalNumbers / 64];  ///< unregistered numbers already logged
};

/// Which generation serves, and which row is its own.
struct SignalServing {
    std::uint32_t generation = 0;
    unsigned row = 0;

    [[nodiscard]] constexpr std::uint64_t pack() const {
        return std::uint64_t{generation} << 8 | row;
    }

    static constexpr SignalServing unpack(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word >> 8), static_cast<unsigned>(word & 0xff)};
    }
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): a page for each who writes
struct SignalHeader {
    static constexpr std::uint32_t kVersion = 3;  ///< of the whole layout
    static constexpr unsigned kRows = 4;
    static constexpr std::uint32_t kMaxProcesses = 1025;

    Word<std::uint32_t> in_use;              ///< processes ever handed out are below it
    Word<std::uint64_t> serving;             ///< SignalServing; 0 before the first one serves
    Word<std::uint32_t> generations[kRows];  ///< the generation of each row
    // Everything above belongs to the master, on a page of its own that others cannot write.
    alignas(kSignalPage) SignalRow rows[kRows];
};

static_assert(SignalHeader::kMaxProcesses <= SignalState::kClaimerMask);
static_assert(sizeof(SignalBody) == 64 && sizeof(SignalProcess) == 128);
static_assert(sizeof(SignalQueueHead) == 64 && sizeof(SignalCounters::Number) == 64);
static_assert(std::is_standard_layout_v<SignalHeader> && std::is_standard_layout_v<SignalBody>);
static_assert(std::is_standard_layout_v<SignalProcess> &&
              std::is_standard_layout_v<SignalCounters> &&
              std::is_standard_layout_v<SignalQueueHead>);
static_assert(offsetof(SignalHeader, rows) == kSignalPage);
static_assert(sizeof(SignalCounters) % kSignalPage == 0);

}  // namespace geventd::shm
