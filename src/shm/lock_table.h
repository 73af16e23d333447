// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "shm/signal_word.h"

namespace geventd::shm {

/// Lives in: the private memory of each process, as SignalShape.
struct LockShape {
    std::uint32_t locks = 1;
    std::uint32_t processes = 0;  ///< as in the table of the signals
};

/// No counter of tickets comes so far; one past it is damaged.
inline constexpr std::uint64_t kMostTicket = std::uint64_t{1} << 62;

struct LockHeader {
    static constexpr std::uint32_t kVersion = 2;  ///< of the whole layout

    Word<std::uint32_t> in_use;  ///< processes that ever used a lock stand below it
};

struct alignas(64) LockCell {
    Word<std::uint64_t> holder;   ///< 0: free; else LockHolder
    Word<std::uint64_t> tickets;  ///< the last ticket drawn; holes in the row mean nothing
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

/// The locks that all workers share (uwsgi.lock), as a view of shared memory: for each lock a
/// word with its holder and, for each process, one with the ticket of its waiter that came first.
/// Who waits draws a ticket, shows it, and may take the free lock when no smaller one is shown;
/// that is first come, first served over all processes. Nobody waits on a word: a process that
/// releases a lock wakes the one with the smallest ticket (lock_client.h).
///
/// A kill leaves at most: a ticket drawn and never shown (a hole), a ticket or a hold of a dead
/// process (reap() removes both), or a free lock whose next one was not woken (reap() wakes it).
/// Lives in: every process; a Region holds the memory and must outlive the view.
class LockTable {
  public:
    static std::size_t bytes(const LockShape& shape);

    /// The table in a mapped region, or in fresh, zeroed memory. Throws std::invalid_argument when
    /// it is too small for that shape.
    static LockTable open(void* memory, std::size_t size, const LockShape& shape);

    [[nodiscard]] unsigned locks() const { return shape_.locks; }

    /// The processes that ever used a lock are those below this index.
    [[nodiscard]] unsigned in_use() const noexcept {
        return std::min(header_->in_use.load_ordered(), shape_.processes);
    }

    /// Nobody also when what stands there is no process.
    [[nodiscard]] std::optional<LockHolder> holder(unsigned lock) const noexcept;

    /// How many processes wait for the lock.
    [[nodiscard]] unsigned waiting(unsigned lock) const noexcept;

    /// The process that shows the smallest ticket.
    [[nodiscard]] std::optional<unsigned> next(unsigned lock) const noexcept;

    /// The processes to wake after `process` died, for the locks [0, locks()): calls
    /// `wake(process)` for each lock that is free now and has a waiter. Master only; can be cut
    /// off anywhere and done again.
    template <typename Wake>
    void reap(unsigned process, Wake wake) noexcept {
        for (unsigned lock = 0; lock < locks(); ++lock) {
            forget(lock, process);
            wake_next(lock, wake);
        }
    }

    /// Wakes who is next if the lock is free.
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

    /// From now on others look at what this process shows.
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
