// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "shm/lock_table.h"
#include "shm/region.h"
#include "shm/signal_table.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

struct Scoreboard;

/// The process index of the worker in a scoreboard slot; the master is kMasterProcess.
constexpr unsigned process_of_slot(unsigned slot) {
    return kMasterProcess + 1 + slot;
}

/// The first locks belong to the signal numbers, one each: handlers that must not overlap take
/// turns by them. The application's locks follow.
inline constexpr unsigned kNumberLocks = kSignalNumbers;

/// Sizes from the configuration.
struct SignalSizes {
    std::uint32_t slots = 0;          ///< of each queue
    std::uint32_t payload_bytes = 0;  ///< of each queue
    std::uint32_t locks = 0;          ///< for the application
};

/// The memory of a server's signals and locks: one region with a table of each.
/// Lives in: every process; the master creates it, the others map the descriptor they receive.
class SignalRegion {
  public:
    /// With room for every slot of the scoreboard. Throws ErrnoError.
    static SignalRegion create(const SignalSizes& sizes);

    /// Maps a region that another process created with the same sizes, read-only. Throws
    /// std::exception if it is too small for them.
    static SignalRegion map(UniqueFd fd, const SignalSizes& sizes);

    /// Makes writable, for this process, everything but what only the master or another worker may
    /// write. Throws ErrnoError.
    void open_place(unsigned process) const;

    [[nodiscard]] SignalTable signals() const { return signals_; }

    [[nodiscard]] LockTable locks() const { return locks_; }

    /// The application's locks are numbered from 0 to this, exclusive.
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

/// Running and waiting requests of each worker, from the scoreboard.
class ScoreboardLoads final : public SignalLoads {
  public:
    explicit ScoreboardLoads(const Scoreboard& board) : board_(board) {}

    [[nodiscard]] std::uint32_t load(unsigned process) const noexcept override;

  private:
    const Scoreboard& board_;
};

}  // namespace geventd::shm
