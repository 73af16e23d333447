// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "event/timer.h"
#include "master/observe/failures.h"
#include "master/observe/full_watch.h"
#include "master/observe/history.h"
#include "master/observe/memory.h"
#include "master/status/status.h"

namespace geventd::master {

/// Looks at the server once a second and records what a status needs of the past.
/// Lives in: master.
class Observer {
  public:
    using Look = std::function<std::vector<GenerationStatus>()>;

    /// `look` returns the present state of the workers, `waiting` how many connections have not
    /// been accepted yet.
    Observer(event::DeadlineClock& clock, const shm::Scoreboard& board, Look look,
             FullWatch::Waiting waiting);
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    ~Observer() = default;

    void start() { timer_.start(std::chrono::seconds(1)); }

    /// Fills in rates, latencies and failures.
    void complete(Status& status) const;

    /// Fills in the memory of the processes; may take some milliseconds.
    void complete_memory(Status& status) { memory_.complete(status); }

    [[nodiscard]] const std::deque<HistoryPoint>& history() const { return history_.points(); }

  private:
    void look() noexcept;

    Look look_;
    History history_;
    Failures failures_;
    FullWatch full_;
    MemoryGauge memory_{
        {.fresh = std::chrono::seconds(10), .budget = std::chrono::milliseconds(20)}};
    event::Timer timer_;
};

}  // namespace geventd::master
