// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "shm/signal_layout.h"

namespace geventd::shm {

/// One queue of the table, as pointers in this process.
struct SignalQueue {
    SignalQueueHead* ends;
    Word<std::uint64_t>* states;
    SignalBody* bodies;
    std::byte* payloads;
    std::uint32_t mask;  ///< slots - 1

    [[nodiscard]] std::uint32_t slot(std::uint64_t position) const {
        return static_cast<std::uint32_t>(position) & mask;
    }

    /// An upper bound of the slots that were ever written. A writer that was killed before it moved
    /// the head may have published one slot beyond it.
    [[nodiscard]] std::uint32_t used() const;

    /// The same for repairs, which cannot rely on the head: includes written slots beyond it.
    [[nodiscard]] std::uint32_t written() const;

    /// Makes the memory of `count` slots from `slot` on resident at once, instead of page by page
    /// at their first use.
    void populate(std::uint32_t slot, std::uint32_t count) const noexcept;
};

/// A range of pages of a table's memory.
struct SignalPart {
    std::size_t offset;
    std::size_t size;
};

/// The signals of a server: a view of the memory in which the master and its workers keep them.
/// The life of a slot, each arrow one atomic operation on its state word:
///
///            writer               any eligible worker       same worker
///   Empty ────store────▶ Ready ──────swap──────▶ Claimed ──────swap─────▶ Running
///     Done ──────┘         ▲                        │                        │
///      ▲                   └── master, worker dead ─┴──────── + 1 attempt ───┤
///      ├──────────────────────── master, too many attempts ──────────────────┤
///      └──────────────────────── same worker, handler over ──────────────────┘
///
/// No process ever waits for another one's step: whoever is killed between two arrows leaves a slot
/// that its owner (unpublished, Done), any worker (Ready) or the master (Claimed, Running) takes
/// over. All that is needed to free a slot is in its state word, so nothing can leak.
/// Lives in: every process; a Region holds the memory and must outlive the view.
class SignalTable {
  public:
    /// The size of a region for a table of this shape.
    static std::size_t bytes(const SignalShape& shape);

    /// All that a worker writes; the rest is written by the master, or holds others' counters.
    static std::array<SignalPart, 3> writable_for(unsigned process, const SignalShape& shape);

    /// Prepares fresh, zeroed memory. Throws std::invalid_argument when it is too small or the
    /// shape is out of range.
    static SignalTable format(void* memory, std::size_t size, const SignalShape& shape);

    /// The table in a mapped region that the master created with that shape. Throws
    /// std::invalid_argument if it is too small for that.
    static SignalTable open(void* memory, std::size_t size, const SignalShape& shape);

    /// The same for the master, which hands out the processes and so knows their number: it is not
    /// read from the memory. `in_use` must outlive the view and its copies.
    [[nodiscard]] SignalTable knowing(const std::uint32_t& in_use) const {
        SignalTable table = *this;
        table.known_in_use_ = &in_use;
        return table;
    }

    [[nodiscard]] const SignalShape& shape() const { return shape_; }

    [[nodiscard]] unsigned processes() const { return shape_.processes; }

    /// Processes that were ever handed out are below this index.
    [[nodiscard]] unsigned in_use() const {
        return known_in_use_ != nullptr
                   ? *known_in_use_
                   : std::min(header_->in_use.load_ordered(), shape_.processes);
    }

    [[nodiscard]] SignalHeader& header() const { return *header_; }

    [[nodiscard]] SignalProcess& process(unsigned index) const { return processes_[index]; }

    [[nodiscard]] SignalCounters& counters(unsigned index) const { return counters_[index]; }

    [[nodiscard]] SignalQueue queue(unsigned index) const;

  private:
    SignalTable(void* memory, const SignalShape& exact);

    SignalShape shape_;
    SignalHeader* header_;
    SignalProcess* processes_ = nullptr;
    SignalCounters* counters_ = nullptr;
    std::byte* queues_ = nullptr;
    std::size_t stride_;
    const std::uint32_t* known_in_use_ = nullptr;
};

}  // namespace geventd::shm
