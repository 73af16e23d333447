// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "shm/lock_table.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

/// One process's access to the locks. Its greenlets wait inside the process (a deque of tickets for
/// each lock); only the first one's ticket is visible to other processes. A caller that wants to
/// wait enqueues, calls advance(), and suspends its greenlet unless advance() returned its own
/// ticket. Whenever the process's eventfd is readable, and after release(), it calls advance() for
/// each lock with waiters and resumes the greenlet whose ticket it returns. No wake-up is lost: a
/// process shows its ticket before it reads the lock, and frees a lock before it reads the tickets.
/// Lives in: worker. One a process; calls are serialised by the caller. Nothing blocks.
class LockClient {
  public:
    LockClient(const LockTable& table, unsigned process, std::uint16_t incarnation,
               SignalWaker& waker);

    /// Takes the lock if it is free and nobody waits for it.
    bool try_acquire(unsigned lock) noexcept;

    /// Joins the end of the queue; returns the ticket.
    std::uint64_t enqueue(unsigned lock);

    /// If it is this process's turn, takes the lock for its first waiter and returns that one's
    /// ticket, which is removed from the queue.
    std::optional<std::uint64_t> advance(unsigned lock) noexcept;

    /// Leaves the queue (time limit, a killed greenlet). If it was this one's turn, wakes the next.
    void cancel(unsigned lock, std::uint64_t ticket);

    /// Frees the lock and wakes the next, which may be this process. False: this process does not
    /// hold the lock.
    bool release(unsigned lock) noexcept;

    /// Shows that the greenlet that took the lock has ended and nobody may ever free it.
    void show_left(unsigned lock) noexcept { table_.cell(lock).left.store(1); }

    [[nodiscard]] bool holds(unsigned lock) const noexcept {
        return table_.cell(lock).holder.load() == self_;
    }

    /// Restores what this process shows in the queues, if somebody else has overwritten it, and
    /// frees what it is wrongly said to hold: others would wait for that for ever.
    void reassert() noexcept;

    [[nodiscard]] bool has_waiters(unsigned lock) const { return !rows_[lock].empty(); }

  private:
    [[nodiscard]] bool shows_first(unsigned lock) const noexcept;
    void show_first(unsigned lock) noexcept;
    void reassert(unsigned lock) noexcept;
    void wake_next(unsigned lock) noexcept;
    void note_held(unsigned lock) noexcept;

    LockTable table_;
    unsigned process_;
    std::uint64_t self_;  ///< the value of a lock that this process holds
    SignalWaker& waker_;
    std::vector<std::deque<std::uint64_t>> rows_;  ///< tickets of this process, by lock
    std::vector<bool> held_;                       ///< by lock
};

}  // namespace geventd::shm
