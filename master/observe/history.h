// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/clock.h"
#include "master/status/status.h"
#include "shm/durations.h"
#include "shm/scoreboard.h"

namespace geventd::master {

/// The recent past of the server: the scoreboard has totals for each worker since its start; this
/// records what each second added. What a worker counted in its last second may be missing.
/// Lives in: master.
class History {
  public:
    static constexpr std::size_t kPoints = 900;

    explicit History(const shm::Scoreboard& board) : board_(board) {}

    /// Records a moment, about once a second. `generations` is the present state.
    void add(const std::vector<GenerationStatus>& generations, TimePoint now,
             std::chrono::system_clock::time_point wall);

    /// Fills in what needs the past: rates and latencies.
    void complete(Status& status) const;

    /// The latest kPoints, oldest first.
    [[nodiscard]] const std::deque<HistoryPoint>& points() const { return points_; }

  private:
    // Rates are over ten seconds, latencies over a minute.
    static constexpr std::size_t kRateSeconds = 10;
    static constexpr std::size_t kLatencySeconds = 60;

    /// The counters of a worker process at one moment.
    struct Counted {
        std::uint64_t requests = 0;
        std::uint64_t errors = 0;
        std::uint64_t signals = 0;
        std::uint64_t busy_time = 0;
        shm::DurationCounts durations{};
    };

    /// A worker process, tracked by its slot.
    struct Tracked {
        pid_t pid = 0;
        bool seen = false;
        Counted newest;
        std::deque<std::uint64_t> requests;         ///< in each second, at most kRateSeconds
        std::deque<shm::DurationCounts> durations;  ///< earlier totals, kRateSeconds apart
        std::size_t age = 0;                        ///< for how many seconds it has been tracked
    };

    [[nodiscard]] Counted read(const WorkerStatus& worker) const;
    Tracked& track(const WorkerStatus& worker);
    void add_worker(const WorkerStatus& worker, HistoryPoint& point, shm::DurationCounts& second);
    [[nodiscard]] Duration time_of_newest(std::size_t points) const;
    void complete(WorkerStatus& worker) const;

    const shm::Scoreboard& board_;
    TimePoint newest_;
    std::uint64_t ordinal_ = 0;
    std::map<std::uint32_t, Tracked> tracked_;
    std::deque<HistoryPoint> points_;
    std::deque<shm::DurationCounts> seconds_;  ///< of all workers, at most kLatencySeconds
    Traffic::Ended ended_;
};

}  // namespace geventd::master
