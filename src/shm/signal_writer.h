// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shm/signal_arena.h"
#include "shm/signal_claimer.h"
#include "shm/signal_registry.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

struct OutgoingSignal {
    std::uint8_t number = 0;
    std::span<const std::byte> payload{};
    bool tick = false;  ///< an undelivered tick of the same number may absorb it
};

enum class SendResult {
    Accepted,
    QueueFull,        ///< no slot or no room for the payload; nothing was sent to anybody
    PayloadTooLarge,  ///< more than kMaxSignalPayload, or than a queue's whole payload area
    Unregistered,     ///< the serving generation has not registered the number; counted
};

/// The sending side of one process's queue, which only that process writes. Accepted means
/// published: it is final even if this process is killed in the next instruction.
///
/// Which slots and payload bytes are free is private, and follows from the state words. So a new
/// writer (of the process's successor in the slot, or of a new master) takes over the queue simply
/// by being created: what was published stays, what was half written never existed.
///
/// Lives in: every process. One writer a process; calls are serialised by the caller (in a worker
/// by the GIL). Nothing blocks.
class SignalWriter {
  public:
    SignalWriter(const SignalTable& table, unsigned process, SignalWaker& waker);

    /// `now` is the steady clock in nanoseconds.
    SendResult send(const OutgoingSignal& signal, std::int64_t now) noexcept;

    /// Master: takes over a pending signal of another table unchanged (signal_migration.h). False:
    /// the queue is full.
    bool forward(const SignalClaim& signal) noexcept;

    /// How many ticks may absorb later ones.
    [[nodiscard]] std::size_t ticks() const { return ticks_.size(); }

    /// Restores the head of the queue, if somebody else has overwritten it. True if so.
    [[nodiscard]] bool reassert() const noexcept;

  private:
    struct Draft {
        SignalRouting routing;
        std::uint8_t attempts = 0;
        std::uint32_t repeats = 0;
        std::int64_t sent_at = 0;
        std::int32_t sender_pid = 0;
        std::span<const std::byte> payload;
    };

    struct Room {
        std::uint64_t position;
        std::uint32_t offset;
    };

    struct Tick {
        SignalRouting routing;
        std::uint32_t slot;
        std::uint64_t state;
    };

    void take_over();
    void prepare_memory();
    void find_recipients(const SignalRouting& routing);
    void add_recipient(const SignalRouting& one);
    bool reserve(std::size_t slots, std::uint32_t payload_bytes);
    void undo_reservation(std::uint32_t payload_bytes);
    void publish(const Draft& draft, const Room& room) noexcept;
    void hold(std::uint32_t slot, SignalExtent payload);
    void collect(std::uint32_t slot);
    void collect_all();
    bool absorb_tick(const SignalRouting& routing);
    SignalCounters::Number& counters(std::uint8_t number) const;

    SignalTable table_;
    SignalRegistry registry_;
    SignalWaker& waker_;
    unsigned process_;
    pid_t pid_;
    SignalQueue queue_;
    std::uint64_t position_ = 0;  ///< the head; only this process moves it
    std::uint64_t prepared_ = 0;  ///< slots at positions before this one are resident
    std::uint32_t prepared_slots_ = 0;
    SignalArena arena_;
    /// By slot, up to the last one used: arena room that is not given back yet. The slot itself may
    /// have been overwritten by then.
    std::vector<SignalExtent> held_;
    std::vector<SignalRouting> recipients_;
    std::vector<Room> reserved_;
    std::vector<Tick> ticks_;
};

}  // namespace geventd::shm
