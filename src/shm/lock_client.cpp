// SPDX-License-Identifier: MIT
#include "shm/lock_client.h"

#include <algorithm>

namespace geventd::shm {

LockClient::LockClient(const LockTable& table, unsigned process, std::uint16_t incarnation,
                       SignalWaker& waker)
    : table_(table),
      process_(process),
      self_(LockHolder{process, incarnation}.pack()),
      waker_(waker),
      rows_(table.locks()),
      held_(table.locks()) {
    reassert();
}

bool LockClient::try_acquire(unsigned lock) noexcept {
    reassert(lock);
    if (table_.next(lock) || !table_.cell(lock).holder.replace(0, self_)) {
        return false;
    }
    note_held(lock);
    return true;
}

std::uint64_t LockClient::enqueue(unsigned lock) {
    std::deque<std::uint64_t>& row = rows_[lock];
    // The counter may have been overwritten, but the tickets of a queue grow, and none is 0.
    const std::uint64_t least = row.empty() ? 1 : row.back() + 1;
    const std::uint64_t drawn = table_.cell(lock).tickets.add(1) + 1;
    const std::uint64_t ticket = drawn < least || drawn > kMostTicket ? least : drawn;
    row.push_back(ticket);
    if (row.size() == 1) {
        show_first(lock);
    }
    return ticket;
}

std::optional<std::uint64_t> LockClient::advance(unsigned lock) noexcept {
    std::deque<std::uint64_t>& row = rows_[lock];
    reassert(lock);
    if (row.empty() || table_.cell(lock).holder.load_ordered() != 0 ||
        table_.next(lock) != process_ || !table_.cell(lock).holder.replace(0, self_)) {
        return std::nullopt;
    }
    note_held(lock);
    const std::uint64_t ticket = row.front();
    row.pop_front();
    show_first(lock);
    return ticket;
}

void LockClient::cancel(unsigned lock, std::uint64_t ticket) {
    std::deque<std::uint64_t>& row = rows_[lock];
    const auto found = std::find(row.begin(), row.end(), ticket);
    if (found == row.end()) {
        return;
    }
    const bool first = found == row.begin();
    row.erase(found);
    if (first) {
        show_first(lock);
        wake_next(lock);
    }
}

bool LockClient::release(unsigned lock) noexcept {
    held_[lock] = false;
    if (!table_.cell(lock).holder.replace(self_, 0)) {
        return false;
    }
    wake_next(lock);
    return true;
}

void LockClient::reassert() noexcept {
    table_.join(process_);
    for (unsigned lock = 0; lock < table_.locks(); ++lock) {
        reassert(lock);
    }
}

/// Skips a lock whose queue was never used, so that it takes no memory.
void LockClient::reassert(unsigned lock) noexcept {
    LockCell& cell = table_.cell(lock);
    const std::deque<std::uint64_t>& row = rows_[lock];
    const std::uint64_t drawn = cell.tickets.load();
    if (!row.empty() && drawn < row.back()) {
        cell.tickets.replace(drawn, row.back());
    }
    bool healed = !held_[lock] && cell.holder.load() == self_ && cell.holder.replace(self_, 0);
    if ((drawn != 0 || !row.empty()) && !shows_first(lock)) {
        show_first(lock);
        healed = true;
    }
    if (healed) {
        wake_next(lock);
    }
}

bool LockClient::shows_first(unsigned lock) const noexcept {
    const std::deque<std::uint64_t>& row = rows_[lock];
    return table_.shown(lock, process_).load() == (row.empty() ? 0 : row.front());
}

void LockClient::show_first(unsigned lock) noexcept {
    const std::deque<std::uint64_t>& row = rows_[lock];
    table_.shown(lock, process_).store_ordered(row.empty() ? 0 : row.front());
}

void LockClient::note_held(unsigned lock) noexcept {
    held_[lock] = true;
    table_.cell(lock).left.store(0);
}

void LockClient::wake_next(unsigned lock) noexcept {
    table_.wake_next(lock, [this](unsigned process) { waker_.poke(process); });
}

}  // namespace geventd::shm
