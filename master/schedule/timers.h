// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "schedule/plan.h"

namespace geventd::master {

using schedule::TimerPlan;

/// Timers by the steady clock, which the caller passes in. The caller chooses the ids.
/// Lives in: master.
class Timers {
  public:
    /// Throws std::invalid_argument unless the period is above zero. Restarts a timer with the
    /// same id.
    void add(std::uint64_t id, const TimerPlan& plan, TimePoint now);
    void remove(std::uint64_t id);

    /// False when it has made all its iterations.
    [[nodiscard]] bool runs(std::uint64_t id) const { return timers_.contains(id); }

    /// The ids that are due, each once, ordered by time.
    std::vector<std::uint64_t> due(TimePoint now);

    [[nodiscard]] std::optional<TimePoint> next() const;

    /// When this timer is due next; keeps its phase over an upgrade.
    [[nodiscard]] TimePoint next_of(std::uint64_t id) const { return timers_.at(id).next; }

    void move(std::uint64_t id, TimePoint next);

  private:
    struct Timer {
        TimerPlan plan;
        TimePoint next;
        std::uint32_t left = 0;
    };

    std::map<std::uint64_t, Timer> timers_;
    std::set<std::pair<TimePoint, std::uint64_t>> order_;
};

}  // namespace geventd::master
