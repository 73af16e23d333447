// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "shm/lock_table.h"
#include "shm/region.h"
#include "shm/signal_table.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

struct Scoreboard;

/// Process index of the worker in a slot of the scoreboard; the master is kMasterProcess.
constexpr unsigned process_of_slot(unsigned slot) {
    return kMasterProcess + 1 + slot;
}

/// Each number has a lock of its own, by which handlers take turns where they must not overlap.
/// The application's locks stand behind them.
inline constexpr unsigned kNumberLocks = kSignalNumbers;

/// As in the configuration.
struct SignalSizes {
    std::uint32_t slots = 0;          ///< of each queue
    std::uint32_t payload_bytes = 0;  ///< of each queue
    std::uint32_t locks = 0;          ///< of the application
};

/// The memory of a server's signals and locks: one region with a table of each.
/// Lives in: every process; the master makes it, the others map what was handed over.
class SignalRegion {
  public:
    /// Room for every slot of the scoreboard. Throws ErrnoError.
    static SignalRegion create(const SignalSizes& sizes);

    /// Maps what another process has made with the same sizes, to be read only. Throws
    /// std::exception when it is too small for them.
    static SignalRegion map(UniqueFd fd, const SignalSizes& sizes);

    /// Lets this process, which mapped it, write what is not the master's or another one's alone.
    /// Throws ErrnoError.
    void open_place(unsigned process) const;

    [[nodiscard]] SignalTable signals() const { return signals_; }

    [[nodiscard]] LockTable locks() const { return locks_; }

    /// The application's locks are 0 to this.
    [[nodiscard]] unsigned user_locks() const { return locks_.locks() - kNumberLocks; }

    [[nodiscard]] int fd() const { return region_.fd(); }

  private:
    SignalRegion(Region region, const SignalTable& signals, const LockTable& locks)
        : region_(std::move(region)), signals_(signals), locks_(locks) {}

    static SignalRegion open(Region region, const SignalSizes& sizes);

    Region region_;
    SignalTable signals_;
    LockTable locks_;
};

/// Requests that run and wait, by the scoreboard.
class ScoreboardLoads final : public SignalLoads {
  public:
    explicit ScoreboardLoads(const Scoreboard& board) : board_(board) {}

    [[nodiscard]] std::uint32_t load(unsigned process) const noexcept override;

  private:
    const Scoreboard& board_;
};

}  // namespace geventd::shm
