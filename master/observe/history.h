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

/// What happened lately: the scoreboard has what its workers counted since they were born, and
/// this what each second of them added. What a worker counted in the second in which it died may
/// be missing.
/// Lives in: master.
class History {
  public:
    static constexpr std::size_t kPoints = 900;

    explicit History(const shm::Scoreboard& board) : board_(board) {}

    /// Takes note of a moment, about once a second. `generations` say how things stand.
    void add(const std::vector<GenerationStatus>& generations, TimePoint now,
             std::chrono::system_clock::time_point wall);

    /// Fills in what only the past tells: rates and latencies.
    void complete(Status& status) const;

    /// The newest kPoints, oldest first.
    [[nodiscard]] const std::deque<HistoryPoint>& points() const { return points_; }

  private:
    // Rates are those of ten seconds, latencies those of a minute.
    static constexpr std::size_t kRateSeconds = 10;
    static constexpr std::size_t kLatencySeconds = 60;

    /// What a worker process had counted.
    struct Counted {
        std::uint64_t requests = 0;
        std::uint64_t errors = 0;
        std::uint64_t signals = 0;
        std::uint64_t busy_time = 0;
        shm::DurationCounts durations{};
    };

    /// A worker process, by its slot.
    struct Tracked {
        pid_t pid = 0;
        bool seen = false;
        Counted newest;
        std::deque<std::uint64_t> requests;         ///< of each second, kRateSeconds at most
        std::deque<shm::DurationCounts> durations;  ///< as counted before, kRateSeconds apart
        std::size_t age = 0;                        ///< seconds that it has been tracked
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
    std::deque<shm::DurationCounts> seconds_;  ///< of all workers, kLatencySeconds at most
    Traffic::Ended ended_;
};

}  // namespace geventd::master
