// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "shm/lock_table.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

/// One process's hands on the locks. Its greenlets wait in the process (a deque of tickets for
/// each lock) and only the first one's ticket is shown to the others. A caller that wants to wait
/// enqueues, calls advance(), and suspends its greenlet unless its own ticket was the one that
/// came in; whenever the process's eventfd is readable, and after release(), it calls advance()
/// for each lock with waiters and resumes the greenlet whose ticket it returns. No wake-up is
/// lost: a ticket is shown before the lock is looked at, and a lock is freed before the tickets
/// are.
/// Lives in: worker. One a process; calls are serialised by the caller. Nothing blocks.
class LockClient {
  public:
    LockClient(const LockTable& table, unsigned process, std::uint16_t incarnation,
               SignalWaker& waker);

    /// Takes the lock if it is free and nobody waits for it.
    bool try_acquire(unsigned lock) noexcept;

    /// A place at the end of the row: the ticket.
    std::uint64_t enqueue(unsigned lock);

    /// Takes the lock for this process's first waiter when it is its turn; returns its ticket,
    /// which holds the lock now and is out of the row.
    std::optional<std::uint64_t> advance(unsigned lock) noexcept;

    /// Leaves the row (time limit, a killed greenlet). Wakes who is next when it was this one's
    /// turn.
    void cancel(unsigned lock, std::uint64_t ticket);

    /// Frees the lock and wakes who is next, which may be this process. False: this process does
    /// not hold it.
    bool release(unsigned lock) noexcept;

    [[nodiscard]] bool holds(unsigned lock) const noexcept {
        return table_.cell(lock).holder.load() == self_;
    }

    /// Writes again what this process shows in the rows, where somebody else has written there, and
    /// frees what it is wrongly said to hold: others would wait for it for ever.
    void reassert() noexcept;

    [[nodiscard]] bool has_waiters(unsigned lock) const { return !rows_[lock].empty(); }

  private:
    [[nodiscard]] bool shows_first(unsigned lock) const noexcept;
    void show_first(unsigned lock) noexcept;
    void reassert(unsigned lock) noexcept;
    void wake_next(unsigned lock) noexcept;

    LockTable table_;
    unsigned process_;
    std::uint64_t self_;  ///< what stands in a lock that this process holds
    SignalWaker& waker_;
    std::vector<std::deque<std::uint64_t>> rows_;  ///< tickets of this process, by lock
    std::vector<bool> held_;                       ///< by lock
};

}  // namespace geventd::shm
