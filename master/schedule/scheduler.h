// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "master/schedule/crons.h"
#include "master/schedule/file_monitor.h"
#include "master/schedule/timers.h"
#include "schedule/plan.h"

namespace geventd::master {

using schedule::MonitorPlan;
using schedule::SchedulePlan;

/// Both clocks at one moment.
struct ScheduleTime {
    TimePoint steady;
    std::time_t wall = 0;
};

/// The timers, cron entries and file monitors of a server: decides which signal fires when.
///
/// An entry is a signal number and a plan; registering it again, as each worker does, changes
/// nothing. Entries belong to a generation and count while it serves. An entry that the next
/// generation registers too keeps its phase; the others end when that generation serves. A timer
/// whose iterations are over stays over until then.
///
/// Sets no timers itself: the master calls due() after next_wait(), and changed() when
/// monitor_fd() is readable. With cron entries next_wait() is half a minute at most, so that a
/// jump of the wall clock is noticed in time.
/// Lives in: master.
class Scheduler {
  public:
    /// The most entries that the application of a generation may register, far more than there are
    /// signals. Those of the configuration are not counted.
    static constexpr std::size_t kMostOfApplication = 1024;

    /// Fails with a sentence when the plan is impossible (period zero, a date that never comes, no
    /// more inotify watches, too many entries). `application`: the rights of the application that
    /// asked, which limit what is watched; nullptr: the plan is from the configuration.
    Result<void> add(std::uint32_t generation, std::uint8_t number, const SchedulePlan& plan,
                     const ScheduleTime& now, const Identity* application = nullptr);

    /// Begins a timer anew that has made all its iterations. For code that serves: what a worker
    /// registers while it starts, each of them registers.
    void repeat(std::uint8_t number, const SchedulePlan& plan, const ScheduleTime& now);

    /// The generation serves. Returns a sentence for each entry that could not start.
    std::vector<std::string> serve(std::uint32_t generation, const ScheduleTime& now);

    /// Begins the first period of each active timer now.
    void restart_timers(const ScheduleTime& now);

    /// The generation failed to start: forgets what only it had registered.
    void forget(std::uint32_t generation);

    /// The numbers whose tick is due, each once.
    std::set<std::uint8_t> due(const ScheduleTime& now);

    /// The numbers whose monitors have seen a change.
    std::set<std::uint8_t> changed();

    /// The phases of endless timers, as text for a master that takes over. With restore() there
    /// and no due() in between, no tick is lost or doubled. Call due() for the same moment first.
    [[nodiscard]] std::string save() const;

    /// Entries with the same number and plan continue from `saved`, cron entries from `moment`.
    void restore(const std::string& saved, std::time_t moment);

    /// Time until the next due(); nullopt when no timer or cron entry is active.
    [[nodiscard]] std::optional<std::chrono::milliseconds> next_wait(const ScheduleTime& now);

    /// -1 until a monitor was active.
    [[nodiscard]] int monitor_fd() const { return files_.fd(); }

    [[nodiscard]] std::size_t active() const { return active_.size(); }

  private:
    using Key = std::pair<std::uint8_t, SchedulePlan>;

    struct Entry {
        std::uint64_t id = 0;
        Identity rights;
        std::set<std::uint32_t> generations;
        bool active = false;
    };

    Result<void> activate(const Key& key, Entry& entry, const ScheduleTime& now);
    void deactivate(const Key& key, Entry& entry);

    std::map<Key, Entry> entries_;
    std::map<std::uint32_t, std::size_t> asked_;  ///< entries by the application of each generation
    std::map<std::uint64_t, std::uint8_t> active_;  ///< numbers by id
    std::uint64_t last_id_ = 0;
    std::uint32_t serving_ = 0;
    Timers timers_;
    Crons crons_;
    FileMonitor files_;
};

}  // namespace geventd::master
