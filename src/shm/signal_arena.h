// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace geventd::shm {

/// Which parts of a queue's payload area are in use, kept in the owner's private memory: a
/// successor rebuilds it from the slots in use, so a kill cannot leak a byte. Units of 64 bytes,
/// next fit, freed in any order. Arguments of hold() and give() may come from shared memory and
/// have any value: parts outside the area are ignored.
/// Lives in: the queue's owner.
class SignalArena {
  public:
    explicit SignalArena(std::uint32_t bytes);

    /// Room for `bytes`; the offset, or nothing.
    std::optional<std::uint32_t> take(std::uint32_t bytes);

    /// Marks as taken what a slot of the predecessor uses.
    void hold(std::uint32_t offset, std::uint32_t bytes);

    void give(std::uint32_t offset, std::uint32_t bytes);

  private:
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t from, std::uint32_t to,
                                                    std::uint32_t units) const;

    void mark(std::uint32_t offset, std::uint32_t bytes, bool taken);

    std::vector<bool> map_;
    std::uint32_t next_ = 0;
    std::uint32_t taken_ = 0;
};

}  // namespace geventd::shm
