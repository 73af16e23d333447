// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

namespace geventd::master {

/// Decides when a process that died is started again: at once if it lived long enough or this is
/// its first early death, then after a delay that doubles with each further early death. A process
/// that outlives its youth clears the record. For one that became ready (Life::Useful) the delay
/// is a second at most: a process that crashes often still serves meanwhile.
/// Pure: told of starts and deaths with their times.
/// Lives in: master, one for each worker number and template.
class RespawnPolicy {
  public:
    struct Tuning {
        Duration youth = std::chrono::seconds(10);  ///< a death before this age is early
        Duration first_delay = std::chrono::milliseconds(500);
        Duration longest_delay = std::chrono::seconds(30);
        Duration longest_delay_of_useful = std::chrono::seconds(1);
        int looping_after = 3;  ///< early deaths in a row that count as a crash loop
    };

    RespawnPolicy() = default;

    explicit RespawnPolicy(const Tuning& tuning) : tuning_(tuning) {}

    void on_start(TimePoint now);

    enum class Life { Useless, Useful };  ///< Useful: it had become ready

    /// Returns when to start the next process.
    TimePoint on_death(TimePoint now, Life life = Life::Useless);

    /// True from the third early death in a row until a successor outlives its youth.
    [[nodiscard]] bool crash_looping(TimePoint now) const;

  private:
    [[nodiscard]] bool is_grown(TimePoint now) const;

    Tuning tuning_;
    TimePoint started_;
    bool alive_ = false;
    int early_deaths_ = 0;
};

}  // namespace geventd::master
