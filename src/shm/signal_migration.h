// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "shm/signal_writer.h"

namespace geventd::shm {

/// Takes unclaimed signals out of a table, one after the other, for some other place. The master
/// holds each signal until done() or put_back() is called for it; if it is killed meanwhile, the
/// reaper releases it.
class SignalExport {
  public:
    explicit SignalExport(const SignalTable& table) : table_(table) {}

    /// The next signal after the last call's. Nothing: the end of the table was reached; the next
    /// call starts over.
    std::optional<SignalClaim> next() noexcept;

    /// The signal was accepted elsewhere.
    void done(const SignalClaim& signal) noexcept;

    /// The signal waits in the table again.
    void put_back(const SignalClaim& signal) noexcept;

  private:
    std::optional<SignalClaim> take(const SignalQueue& queue) noexcept;

    SignalTable table_;
    unsigned index_ = 0;
    std::uint32_t slot_ = 0;
};

struct Migrated {
    unsigned moved = 0;
    unsigned left = 0;  ///< still waiting in the old table, because the new queue is full for now
};

/// Moves unclaimed signals from one table to a new one, into the master's own queue there, whose
/// writer is given. A reload that needs larger queues or more slots makes a new table for the new
/// generation. As long as old workers live, they may still send into the old table and finish what
/// they hold, so the master calls this when the new generation serves, whenever it reaps an old
/// worker, and once more when the last one is gone. A signal is removed from the old table after it
/// was published in the new one; if the master is killed in between (which ends its promise), the
/// signal is in both: rather twice than never.
/// Lives in: master.
Migrated migrate(const SignalTable& from, SignalWriter& to);

}  // namespace geventd::shm
