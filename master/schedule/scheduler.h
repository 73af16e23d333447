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

/// The two clocks at one moment.
struct ScheduleTime {
    TimePoint steady;
    std::time_t wall = 0;
};

/// The timers, cron entries and file monitors of a server: says which signal fires when.
///
/// An entry is its number and its plan. Registering the same again (four workers, respawned ones)
/// changes nothing. Registrations belong to a generation of workers and count while it serves: an
/// entry that the next generation registers too goes on without losing its phase, others end when
/// that one serves. A timer whose iterations are over stays over until then.
///
/// It arms nothing itself: the master calls due() when next_wait() is over and changed() when
/// monitor_fd() is readable. While there are cron entries next_wait() is at most half a minute,
/// so that a jump of the wall clock is noticed in time.
/// Lives in: master.
class Scheduler {
  public:
    /// So many entries the application of a generation may ask for, far more than signals. Those of
    /// the configuration are not counted.
    static constexpr std::size_t kMostOfApplication = 1024;

    /// Fails with a sentence when the plan cannot be kept (period zero, a date that never comes,
    /// no more inotify watches, too many entries). `application`: it asked, and a file is watched
    /// with its rights; null: the configuration did.
    Result<void> add(std::uint32_t generation, std::uint8_t number, const SchedulePlan& plan,
                     const ScheduleTime& now, const Identity* application = nullptr);

    /// The generation serves from now on. Returns a sentence for each entry that could not start.
    std::vector<std::string> serve(std::uint32_t generation, const ScheduleTime& now);

    /// The first period of each active timer begins now.
    void restart_timers(const ScheduleTime& now);

    /// The generation failed to start: what only it had registered is forgotten.
    void forget(std::uint32_t generation);

    /// The numbers to send a tick of now: each once.
    std::set<std::uint8_t> due(const ScheduleTime& now);

    /// The numbers whose monitors have seen a change.
    std::set<std::uint8_t> changed();

    /// The phases of the timers that go on for ever, as text for a master that takes over: with
    /// restore() there and no due() in between, none of their ticks is lost or doubled. The
    /// caller has asked due() for this moment before.
    [[nodiscard]] std::string save() const;

    /// Entries of the same number and plan go on from `saved`, cron entries from `moment`.
    void restore(const std::string& saved, std::time_t moment);

    /// How long until due() has something to say; nothing: no timer and no cron entry is active.
    [[nodiscard]] std::optional<std::chrono::milliseconds> next_wait(const ScheduleTime& now);

    /// -1 while no monitor was ever active.
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
    std::map<std::uint32_t, std::size_t> asked_;    ///< by the application of each generation
    std::map<std::uint64_t, std::uint8_t> active_;  ///< numbers by id
    std::uint64_t last_id_ = 0;
    std::uint32_t serving_ = 0;
    Timers timers_;
    Crons crons_;
    FileMonitor files_;
};

}  // namespace geventd::master
