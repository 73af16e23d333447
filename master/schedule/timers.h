// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace geventd::master {

/// What a timer does when its time has come.
struct TimerPlan {
    std::chrono::milliseconds period{0};
    /// Grid: at whole periods from its start; periods that were missed are one tick.
    /// Chain: one period after the last tick was seen (uWSGI's red-black timers).
    enum class Kind : std::uint8_t { Grid, Chain } kind = Kind::Grid;
    std::uint32_t iterations = 0;  ///< ticks until it ends; 0: for ever

    bool operator==(const TimerPlan& other) const = default;

    bool operator<(const TimerPlan& other) const {
        return std::tie(period, kind, iterations) <
               std::tie(other.period, other.kind, other.iterations);
    }
};

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
