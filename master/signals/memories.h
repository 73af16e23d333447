// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "master/signals/memory.h"
#include "master/status/status.h"

namespace geventd::master {

/// The shared memories of signals and locks: the current one, former and newer ones. A generation
/// keeps one for its whole life, because its processes have it mapped. Usually all generations
/// share one. When it is damaged (shm/signal_inspection.h), the next generation gets a fresh one.
/// Once that serves, pending signals move there from the former memory as far as they can be read;
/// those left when its last worker has gone are lost, and counted.
/// Lives in: master.
class SignalMemories {
  public:
    /// Throws ErrnoError.
    SignalMemories(const config::Signals& settings, const shm::SignalLoads& loads);

    [[nodiscard]] SignalMemory& serving() const { return *serving_; }

    /// The generation's memory; the newest one if it has none yet.
    [[nodiscard]] SignalMemory& of_generation(std::uint32_t generation) const;

    /// The memory of the worker in this slot of the scoreboard.
    [[nodiscard]] SignalMemory& of_slot(std::uint32_t slot) const;

    [[nodiscard]] const std::vector<std::unique_ptr<SignalMemory>>& all() const { return all_; }

    // Events of generations and workers.

    void begin(std::uint32_t generation);
    void serve(std::uint32_t generation);

    void forget(std::uint32_t generation) { of_generation_.erase(generation); }

    void hand_out(std::uint32_t slot, std::uint32_t generation);
    void release(std::uint32_t slot);

    /// Call regularly: checks for damage, moves pending signals out of former memories, and frees
    /// those without users. True when signals were moved.
    bool look(TimePoint now);

    /// When to start a new generation because of damage; never while there is none. The delay
    /// grows with each renewal in a short time.
    [[nodiscard]] TimePoint renewal_due() const {
        return serving_->damaged ? next_renewal_ : TimePoint::max();
    }

    /// A due renewal failed before renew(): tries again later.
    void put_off_renewal(TimePoint now);

    /// Gives the next generation a fresh memory if the serving one's is damaged. Throws
    /// ErrnoError.
    void renew(TimePoint now, std::vector<int> eventfds);

    [[nodiscard]] const SignalMemoryStatus& status() const { return status_; }

  private:
    void inspect(SignalMemory& memory, TimePoint now);
    [[nodiscard]] bool is_used(const SignalMemory& memory) const;
    void let_go(const SignalMemory& memory);

    config::Signals settings_;
    const shm::SignalLoads& loads_;
    std::vector<std::unique_ptr<SignalMemory>> all_;  ///< oldest first
    SignalMemory* serving_;
    std::map<std::uint32_t, SignalMemory*> of_generation_;
    std::map<std::uint32_t, SignalMemory*> of_slot_;
    TimePoint next_renewal_ = TimePoint::min();
    Duration delay_;
    SignalMemoryStatus status_;
};

}  // namespace geventd::master
