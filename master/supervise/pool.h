// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/status/status.h"
#include "master/supervise/recycling.h"
#include "master/supervise/respawn_policy.h"
#include "master/supervise/scaling.h"
#include "master/supervise/surroundings.h"
#include "master/supervise/worker_handle.h"
#include "master/supervise/worker_source.h"

namespace geventd::master {

/// Processes of one generation that have the same role, numbered 1..N. The only role today is that
/// of workers, so each process is called a worker here. A worker that dies is replaced by one of
/// the same number, at once or after the back-off of that number. One that is due to be recycled
/// drains when its successor is ready, so that there are never fewer; one at a time. Lives in:
/// master, in its generation.
class Pool {
  public:
    /// What the processes of the pool are for.
    struct Role {
        /// Of each process; none: it serves no requests, so there is no hub to watch either.
        std::optional<std::uint32_t> cores;
        HubWatch::Limits hub_limits;

        /// Serves requests.
        static Role worker(const config::Settings& settings) {
            return {static_cast<std::uint32_t>(settings.workers.cores),
                    HubWatch::Limits::of(settings.limits)};
        }
    };

    /// `mercy`: until a worker is gone, once it drains.
    Pool(const Surroundings& surroundings, std::uint32_t generation, Role role,
         WorkerSource& source, const config::Settings& settings, Duration mercy)
        : surroundings_(surroundings),
          generation_(generation),
          role_(role),
          source_(&source),
          recycling_(settings.workers, surroundings.processes),
          patience_(settings.limits),
          mercy_(mercy) {}

    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() = default;

    /// Workers that are started later come from there.
    void draw_from(WorkerSource& source) { source_ = &source; }

    /// How many workers there are to be; those past the number drain.
    void resize(std::size_t count);

    [[nodiscard]] std::size_t size() const { return places_.size(); }

    /// Starts no workers past that number for now.
    void allow(std::size_t count) { allowed_ = count; }

    [[nodiscard]] std::size_t allowed() const { return std::min(allowed_, places_.size()); }

    [[nodiscard]] std::size_t count_ready() const;

    /// Draws the conclusions of what happened: takes note of deaths, starts who is missing.
    void maintain(TimePoint now);

    /// After drain() or kill(): only checks deadlines and removes who is gone, for a generation
    /// that ends.
    void bury(TimePoint now);

    /// Has its workers, also those that are started later, accept no connection; or accept again.
    void hold(bool on);

    /// Has its workers, also later ones, answer with this text; "": no more.
    void show_fault(std::string text);

    void drain(ipc::DrainReason reason);
    void kill(std::string_view reason);

    /// True when the exit was of one of these.
    bool on_exit(const ChildExit& exit) const;
    void broadcast(const ipc::Message& message) const;

    /// Those that were asked of a template and have not shown a sign of life will not come: they
    /// are asked for anew.
    void ask_again();

    /// The log has not told that one takes long to get ready.
    [[nodiscard]] bool is_prompt() const;

    [[nodiscard]] bool all_ready() const;
    [[nodiscard]] bool empty() const;

    /// Why this pool will not get ready however often it is tried; "" while there is hope. To be
    /// asked of a pool that has never been complete.
    [[nodiscard]] const std::string& hopeless() const { return hopeless_; }

    /// What its workers have to do.
    [[nodiscard]] Load load(TimePoint now) const;

    [[nodiscard]] TimePoint next_deadline() const;

    /// Adds its workers and their figures to those of other pools.
    void add_to(GenerationStatus& status, TimePoint now) const;

    [[nodiscard]] std::vector<WorkerHandle*> all() const;

  private:
    using Handle = std::unique_ptr<WorkerHandle>;

    struct Place {
        Handle worker;
        Handle successor;  ///< of a worker that is due to be recycled; takes its place when ready
        RespawnPolicy policy;
        TimePoint start_at;
        std::uint32_t starts = 0;
    };

    void settle_worker(Place& place, TimePoint now);
    void note_death(Place& place, TimePoint now);
    void note_early_death(const WorkerHandle& worker);
    void start_missing(TimePoint now);
    Handle start_worker(Place& place, std::uint32_t number, TimePoint now);
    void settle_successor(Place& place, TimePoint now);
    void recycle_one(TimePoint now);
    void retire_from(std::vector<Place>::iterator first);
    void bury_leaving();

    const Surroundings& surroundings_;
    std::uint32_t generation_;
    Role role_;
    WorkerSource* source_;
    Recycling recycling_;
    Patience patience_;
    Duration mercy_;
    std::vector<Place> places_;
    std::size_t allowed_ = std::numeric_limits<std::size_t>::max();
    std::vector<Handle> leaving_;
    int early_deaths_ = 0;
    TimePoint none_before_ = TimePoint::min();  ///< nobody is started, after one could not be
    bool told_of_slots_ = false;                ///< that there are none left
    std::uint64_t respawns_ = 0;
    bool was_complete_ = false;
    bool held_ = false;
    std::string fault_;
    std::string hopeless_;
    std::string last_error_;
};

}  // namespace geventd::master
