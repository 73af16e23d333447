// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "shm/signal_word.h"

namespace geventd::shm {

/// Lives in: the private memory of each process, like SignalShape.
struct LockShape {
    std::uint32_t locks = 1;
    std::uint32_t processes = 0;  ///< as in the table of signals
};

/// No counter of tickets ever gets this far; a greater one is damaged.
inline constexpr std::uint64_t kMostTicket = std::uint64_t{1} << 62;

struct LockHeader {
    static constexpr std::uint32_t kVersion = 3;  ///< of the whole layout

    Word<std::uint32_t> in_use;  ///< processes that ever used a lock are below this index
};

struct alignas(64) LockCell {
    Word<std::uint64_t> holder;   ///< 0: free; else LockHolder
    Word<std::uint64_t> tickets;  ///< the last ticket drawn; unused tickets do no harm
    Word<std::uint64_t> left;     ///< not 0: the request or handler that took the lock has ended
};

static_assert(std::is_standard_layout_v<LockHeader> && std::is_standard_layout_v<LockCell>);
static_assert(sizeof(LockHeader) <= 64 && sizeof(LockCell) == 64);

struct LockHolder {
    unsigned process = 0;
    std::uint16_t incarnation = 0;

    [[nodiscard]] std::uint64_t pack() const {
        return std::uint64_t{1} << 63 | std::uint64_t{process} << 16 | incarnation;
    }

    static LockHolder unpack(std::uint64_t word) {
        return {static_cast<unsigned>(word >> 16 & 0xffffffff), static_cast<std::uint16_t>(word)};
    }
};

/// The locks that all workers share (uwsgi.lock), as a view of shared memory. Each lock has a word
/// with its holder and, for each process, one with the ticket of the process's first waiter.
/// A waiter draws a ticket, shows it, and may take the free lock when no smaller ticket is shown:
/// first come, first served over all processes. Nobody spins on a word: a process that releases a
/// lock wakes the process with the smallest ticket (lock_client.h).
///
/// A kill leaves at most a ticket that was drawn but never shown, a ticket or lock of a dead
/// process (reap() removes both), or a free lock whose next waiter was not woken (reap() wakes it).
/// Lives in: every process; a Region holds the memory and must outlive the view.
class LockTable {
  public:
    static std::size_t bytes(const LockShape& shape);

    /// The table in a mapped region, or in fresh, zeroed memory. Throws std::invalid_argument if
    /// the memory is too small for that shape.
    static LockTable open(void* memory, std::size_t size, const LockShape& shape);

    [[nodiscard]] unsigned locks() const { return shape_.locks; }

    /// Processes that ever used a lock are below this index.
    [[nodiscard]] unsigned in_use() const noexcept {
        return std::min(header_->in_use.load_ordered(), shape_.processes);
    }

    /// The holder; nobody also if the word names no possible process.
    [[nodiscard]] std::optional<LockHolder> holder(unsigned lock) const noexcept;

    /// The lock is held, but the request or signal handler that took it has ended.
    [[nodiscard]] bool left(unsigned lock) const noexcept;

    /// How many processes wait for the lock.
    [[nodiscard]] unsigned waiting(unsigned lock) const noexcept;

    /// The process that shows the smallest ticket.
    [[nodiscard]] std::optional<unsigned> next(unsigned lock) const noexcept;

    /// To be called after `process` died: frees its locks, and calls `wake(process)` for the next
    /// waiter of each lock that is free now. Master only; can be interrupted anywhere and repeated.
    template <typename Wake>
    void reap(unsigned process, Wake wake) noexcept {
        for (unsigned lock = 0; lock < locks(); ++lock) {
            forget(lock, process);
            wake_next(lock, wake);
        }
    }

    /// Wakes the next waiter if the lock is free.
    template <typename Wake>
    void wake_next(unsigned lock, Wake wake) const noexcept {
        if (cells_[lock].holder.load_ordered() != 0) {
            return;
        }
        if (const std::optional<unsigned> process = next(lock)) {
            wake(*process);
        }
    }

    [[nodiscard]] LockCell& cell(unsigned lock) const { return cells_[lock]; }

    /// The ticket that a process shows for a lock; 0: none.
    [[nodiscard]] Word<std::uint64_t>& shown(unsigned lock, unsigned process) const {
        return shown_[std::size_t{lock} * shape_.processes + process];
    }

    /// From now on the others read what this process shows.
    void join(unsigned process) const noexcept;

  private:
    LockTable(void* memory, const LockShape& shape);
    void forget(unsigned lock, unsigned process) noexcept;

    LockShape shape_;
    LockHeader* header_;
    LockCell* cells_ = nullptr;
    Word<std::uint64_t>* shown_ = nullptr;
};

}  // namespace geventd::shm
