// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "shm/signal_layout.h"

namespace geventd::shm {

/// One queue of the table, as addresses in this process.
struct SignalQueue {
    SignalQueueHead* ends;
    Word<std::uint64_t>* states;
    SignalBody* bodies;
    std::byte* payloads;
    std::uint32_t mask;  ///< slots - 1

    [[nodiscard]] std::uint32_t slot(std::uint64_t position) const {
        return static_cast<std::uint32_t>(position) & mask;
    }

    /// How many slots may ever have been written. A writer that was killed before it moved the
    /// head may have published one slot behind it.
    [[nodiscard]] std::uint32_t used() const;

    /// The same for who repairs, and so cannot rely on the head: slots behind it that were written
    /// count, too.
    [[nodiscard]] std::uint32_t written() const;

    /// Has the memory of slots from this one on be there at once, instead of page by page when they
    /// are used first.
    void populate(std::uint32_t slot, std::uint32_t count) const noexcept;
};

/// Some pages of a table's memory.
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
/// No process ever waits for another's step: whoever is killed between two arrows leaves a slot
/// that its owner (unpublished, Done), any worker (Ready) or the master (Claimed, Running) takes
/// on. What a slot needs to be free again is in its state word alone, so nothing can leak.
/// Lives in: every process; a Region holds the memory and must outlive the view.
class SignalTable {
  public:
    /// The size of the region for a table of this shape.
    static std::size_t bytes(const SignalShape& shape);

    /// All that a worker writes; the rest is the master's, or another one's counters.
    static std::array<SignalPart, 3> writable_for(unsigned process, const SignalShape& shape);

    /// Prepares fresh, zeroed memory. Throws std::invalid_argument when it is too small or the
    /// shape is out of range.
    static SignalTable format(void* memory, std::size_t size, const SignalShape& shape);

    /// The table in a mapped region, which the master made of that shape. Throws
    /// std::invalid_argument when it is too small for that.
    static SignalTable open(void* memory, std::size_t size, const SignalShape& shape);

    /// The same for who hands the processes out and so knows their number: it is not read from the
    /// memory. `in_use` outlives the view and its copies.
    [[nodiscard]] SignalTable knowing(const std::uint32_t& in_use) const {
        SignalTable table = *this;
        table.known_in_use_ = &in_use;
        return table;
    }

    [[nodiscard]] const SignalShape& shape() const { return shape_; }

    [[nodiscard]] unsigned processes() const { return shape_.processes; }

    /// The processes that were ever handed out are those below this index.
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
