// SPDX-License-Identifier: MIT
#include "shm/lock_table.h"

#include <stdexcept>

namespace geventd::shm {

namespace {

constexpr std::size_t kCellsOffset = 64;

constexpr std::size_t shown_offset(const LockShape& shape) {
    return kCellsOffset + sizeof(LockCell) * shape.locks;
}

}  // namespace

LockTable::LockTable(void* memory, const LockShape& shape)
    : shape_(shape), header_(static_cast<LockHeader*>(memory)) {
    auto* base = static_cast<std::byte*>(memory);
    cells_ = reinterpret_cast<LockCell*>(base + kCellsOffset);
    shown_ = reinterpret_cast<Word<std::uint64_t>*>(base + shown_offset(shape));
}

std::size_t LockTable::bytes(const LockShape& shape) {
    const std::size_t words = std::size_t{shape.locks} * shape.processes;
    return shown_offset(shape) + sizeof(Word<std::uint64_t>) * words;
}

LockTable LockTable::open(void* memory, std::size_t size, const LockShape& shape) {
    if (size < bytes(shape)) {
        throw std::invalid_argument("lock table: region too small");
    }
    return {memory, shape};
}

std::optional<LockHolder> LockTable::holder(unsigned lock) const noexcept {
    const std::uint64_t word = cells_[lock].holder.load();
    const LockHolder holder = LockHolder::unpack(word);
    return word == 0 || holder.process >= shape_.processes ? std::nullopt : std::optional(holder);
}

bool LockTable::left(unsigned lock) const noexcept {
    return holder(lock) && cells_[lock].left.load() != 0;
}

unsigned LockTable::waiting(unsigned lock) const noexcept {
    unsigned count = 0;
    const unsigned end = in_use();
    for (unsigned process = 0; process < end; ++process) {
        count += shown(lock, process).load() != 0 ? 1 : 0;
    }
    return count;
}

/// If no ticket was ever drawn nobody waits, whatever the queue shows.
std::optional<unsigned> LockTable::next(unsigned lock) const noexcept {
    if (cells_[lock].tickets.load_ordered() == 0) {
        return std::nullopt;
    }
    std::uint64_t smallest = 0;
    std::optional<unsigned> result;
    const unsigned end = in_use();
    for (unsigned process = 0; process < end; ++process) {
        const std::uint64_t ticket = shown(lock, process).load_ordered();
        if (ticket != 0 && (smallest == 0 || ticket < smallest)) {
            smallest = ticket;
            result = process;
        }
    }
    return result;
}

void LockTable::join(unsigned process) const noexcept {
    std::uint32_t seen = header_->in_use.load();
    while (seen <= process && !header_->in_use.replace(seen, process + 1)) {
        seen = header_->in_use.load();
    }
}

void LockTable::forget(unsigned lock, unsigned process) noexcept {
    shown(lock, process).store_ordered(0);
    const std::uint64_t word = cells_[lock].holder.load();
    if (word != 0 && LockHolder::unpack(word).process == process) {
        cells_[lock].holder.replace(word, 0);
    }
}

}  // namespace geventd::shm
