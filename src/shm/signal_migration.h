// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "shm/signal_writer.h"

namespace geventd::shm {

/// Takes what is unclaimed out of a table, one signal after the other, for a place outside it. What
/// was taken is held by the master until it is said what became of it; a master killed meanwhile
/// leaves it to the reaper.
/// Lives in: master.
class SignalExport {
  public:
    explicit SignalExport(const SignalTable& table) : table_(table) {}

    /// The next one from where the last call ended. Nothing: the end of the table was reached, and
    /// the next call begins anew.
    std::optional<SignalClaim> next() noexcept;

    /// It was accepted elsewhere.
    void done(const SignalClaim& signal) noexcept;

    /// It waits in the table again.
    void put_back(const SignalClaim& signal) noexcept;

  private:
    std::optional<SignalClaim> take(const SignalQueue& queue) noexcept;

    SignalTable table_;
    unsigned index_ = 0;
    std::uint32_t slot_ = 0;
};

struct Migrated {
    unsigned moved = 0;
    unsigned left = 0;  ///< still waiting in the old table: the new queue is full for now
};

/// Moves what is unclaimed from one table to a new one, into the master's own queue there, whose
/// writer is given. A reload that needs larger queues or more places makes a new table for the
/// new generation; as long as old workers live they may still send into the old one and finish
/// what they hold, so the master calls this when the new generation serves, after each reap of an
/// old worker, and once more when the last one is gone. A signal is taken out of the old table
/// after it was published in the new one; a master killed in between (which ends its promise)
/// leaves it in both: once more rather than never.
/// Lives in: master.
Migrated migrate(const SignalTable& from, SignalWriter& to);

}  // namespace geventd::shm
