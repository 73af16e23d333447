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

/// The memory of signals and locks, and what came before and after it. A generation has one for
/// its whole life, as its processes have it mapped. Mostly all have the same; when that is damaged
/// (shm/signal_inspection.h), the next generation gets a fresh one. Once that generation serves,
/// what waits in the former memory moves over, as far as it can be read; what is left there when
/// the last worker has gone is lost and counted.
/// Lives in: master.
class SignalMemories {
  public:
    /// Throws ErrnoError.
    SignalMemories(const config::Signals& settings, const shm::SignalLoads& loads);

    [[nodiscard]] SignalMemory& serving() const { return *serving_; }

    /// The newest one for a generation that has none yet.
    [[nodiscard]] SignalMemory& of_generation(std::uint32_t generation) const;

    /// That of the worker in the scoreboard's slot.
    [[nodiscard]] SignalMemory& of_slot(std::uint32_t slot) const;

    [[nodiscard]] const std::vector<std::unique_ptr<SignalMemory>>& all() const { return all_; }

    // What becomes of generations and workers.

    void begin(std::uint32_t generation);
    void serve(std::uint32_t generation);

    void forget(std::uint32_t generation) { of_generation_.erase(generation); }

    void hand_out(std::uint32_t slot, std::uint32_t generation);
    void release(std::uint32_t slot);

    /// To be called now and then: looks for damage, moves what waits in former memories, and lets
    /// those go that nobody uses. True when signals have moved.
    bool look(TimePoint now);

    /// When a new generation shall get a fresh memory; never while all is well. The more often in a
    /// short time, the later.
    [[nodiscard]] TimePoint renewal_due() const {
        return serving_->damaged ? next_renewal_ : TimePoint::max();
    }

    /// When what is due has come to nothing before renew(): not due again at once.
    void put_off_renewal(TimePoint now);

    /// The next generation gets a fresh one if that which serves is damaged. Throws ErrnoError.
    void renew(TimePoint now, std::vector<int> eventfds);

    [[nodiscard]] const SignalMemoryStatus& status() const { return status_; }

  private:
    void inspect(SignalMemory& memory, TimePoint now);
    [[nodiscard]] bool is_used(const SignalMemory& memory) const;
    void let_go(const SignalMemory& memory);

    config::Signals settings_;
    const shm::SignalLoads& loads_;
    std::vector<std::unique_ptr<SignalMemory>> all_;  ///< the newest last
    SignalMemory* serving_;
    std::map<std::uint32_t, SignalMemory*> of_generation_;
    std::map<std::uint32_t, SignalMemory*> of_slot_;
    TimePoint next_renewal_ = TimePoint::min();
    Duration delay_;
    SignalMemoryStatus status_;
};

}  // namespace geventd::master
