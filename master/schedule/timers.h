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

/// Timers by the steady clock, which the caller passes in. Who adds one gives its id.
/// Lives in: master.
class Timers {
  public:
    /// Throws std::invalid_argument for a period that is not above zero. An id that is there
    /// already starts anew.
    void add(std::uint64_t id, const TimerPlan& plan, TimePoint now);
    void remove(std::uint64_t id);

    /// The ids whose time has come, each once, in the order of their times.
    std::vector<std::uint64_t> due(TimePoint now);

    [[nodiscard]] std::optional<TimePoint> next() const;

    /// When that one is due next; to keep its phase over an upgrade.
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
