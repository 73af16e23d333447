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

#include "config/drain_time.h"
#include "master/status/status.h"
#include "master/supervise/recycling.h"
#include "master/supervise/respawn_policy.h"
#include "master/supervise/scaling.h"
#include "master/supervise/services.h"
#include "master/supervise/worker_handle.h"
#include "master/supervise/worker_source.h"

namespace geventd::master {

/// Processes of one generation that have the same role, numbered 1..N. The only role today is that
/// of workers, so each process is called a worker here. A worker that dies is replaced by one with
/// the same number, at once or after a delay (RespawnPolicy). A worker to be recycled drains once
/// its successor is ready, so the number of workers never falls; one at a time.
/// Lives in: master, in its generation.
class Pool {
  public:
    /// What the processes of the pool are for.
    struct Role {
        /// Of each process; nullopt: it serves no requests, so it has no hub to watch either.
        std::optional<WorkerInsight::Room> room;
        HubWatch::Limits hub_limits;

        static Role worker(const config::Settings& settings) {
            return {WorkerInsight::Room{static_cast<std::uint32_t>(settings.workers.cores),
                                        static_cast<std::uint32_t>(settings.limits.websockets)},
                    HubWatch::Limits::of(settings)};
        }
    };

    Pool(const Services& services, std::uint32_t generation, Role role, WorkerSource& source,
         const config::Settings& settings)
        : services_(services),
          generation_(generation),
          role_(role),
          source_(&source),
          recycling_(settings.workers, services.processes),
          patience_(settings.limits),
          mercy_(config::whole_drain(settings.limits)),
          mercy_for_replaced_(mercy_ + config::drain_of_sessions(settings)) {}

    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() = default;

    /// Later workers are started by `source`.
    void draw_from(WorkerSource& source) { source_ = &source; }

    /// Sets the number of workers; drains those with higher numbers.
    void resize(std::size_t count, ipc::DrainReason reason = ipc::DrainReason::Replace);

    [[nodiscard]] std::size_t size() const { return places_.size(); }

    /// Starts no worker with a higher number than `count` for now.
    void allow(std::size_t count) { allowed_ = count; }

    [[nodiscard]] std::size_t allowed() const { return std::min(allowed_, places_.size()); }

    [[nodiscard]] std::size_t count_ready() const;

    /// Processes what happened: records deaths and starts missing workers.
    void maintain(TimePoint now);

    /// For a generation that ends, after drain() or kill(): only checks deadlines and removes
    /// workers that are gone.
    void clean_up(TimePoint now);

    /// Makes all workers, also later ones, stop accepting connections (`on`) or accept again.
    void hold(bool on);

    /// The server stops soon: answers of all workers, also of later ones, say `Connection: close`.
    void announce_leaving();

    /// Makes all workers, also later ones, answer every request with `text`. Empty: back to
    /// normal.
    void show_fault(std::string text);

    void drain(ipc::DrainReason reason);
    void kill(std::string_view reason);

    /// True when the exited process belongs to this pool.
    bool on_exit(const ChildExit& exit) const;
    void broadcast(const ipc::Message& message) const;

    /// The template cannot fork any more: gives up workers that it was asked for and that have not
    /// said Hello, so that they are asked for again.
    void ask_again();

    /// True when no worker has been logged as slow to get ready.
    [[nodiscard]] bool is_prompt() const;

    [[nodiscard]] bool all_ready() const;
    [[nodiscard]] bool empty() const;

    /// Why this pool cannot get ready, however often it is tried; empty while it may. Meaningful
    /// only until the pool was complete for the first time.
    [[nodiscard]] const std::string& boot_failure() const { return boot_failure_; }

    /// The current load of its workers.
    [[nodiscard]] Load load(TimePoint now) const;

    [[nodiscard]] TimePoint next_deadline() const;

    /// Adds its workers and their figures to `status`.
    void add_to(GenerationStatus& status, TimePoint now) const;

    [[nodiscard]] std::vector<WorkerHandle*> all() const;

  private:
    using Handle = std::unique_ptr<WorkerHandle>;

    struct Place {
        Handle worker;
        Handle successor;  ///< replaces a worker that is recycled, when ready
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
    void drain(WorkerHandle& worker, ipc::DrainReason reason) const;
    void retire_from(std::vector<Place>::iterator first);
    void remove_gone();

    const Services& services_;
    std::uint32_t generation_;
    Role role_;
    WorkerSource* source_;
    Recycling recycling_;
    Patience patience_;
    Duration mercy_;               ///< how long a draining worker may take to exit
    Duration mercy_for_replaced_;  ///< the same of one that is replaced, which keeps its sessions
    std::vector<Place> places_;
    std::size_t allowed_ = std::numeric_limits<std::size_t>::max();
    std::vector<Handle> leaving_;
    int early_deaths_ = 0;
    TimePoint none_before_ = TimePoint::min();  ///< no start before then: one has failed
    bool told_of_slots_ = false;                ///< it was logged that no slot is free
    std::uint64_t respawns_ = 0;
    bool was_complete_ = false;
    bool held_ = false;
    bool leaves_soon_ = false;
    std::string fault_;
    std::string boot_failure_;
    std::string last_error_;
};

}  // namespace geventd::master
