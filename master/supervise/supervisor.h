// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/stacks/stack_collector.h"
#include "master/supervise/generation.h"

namespace geventd::master {

/// All generations: one serves, one may be starting to replace it (the candidate), and former ones
/// drain. The candidate takes over when it serves; when it fails, the serving one goes on
/// untouched. At most three drain at once; beyond that the oldest is killed.
///
/// With reload.strategy: restart the candidate waits until all other workers have ended. Meanwhile
/// nothing serves; the serving generation keeps its template, if it may, and comes back when the
/// candidate fails.
/// Lives in: master.
class Supervisor {
  public:
    static constexpr std::size_t kMaxDraining = 3;

    /// How long a restart waits for processes that were killed: one stuck in the kernel may never
    /// end.
    static constexpr Duration kPatience = std::chrono::seconds(10);

    /// The result of the generation that begin() started.
    struct Outcome {
        std::uint32_t generation;
        bool serves;
        std::string failure;
        std::optional<Duration> gap = std::nullopt;  ///< how long nothing has served before
    };

    explicit Supervisor(const Services& services) : services_(services) {}

    /// Starts the next generation. There must be no other candidate. Throws when it cannot be
    /// started.
    void begin(Generation::Plan plan);

    /// True during a rolling reload: workers of two generations serve side by side.
    [[nodiscard]] bool is_rolling() const { return candidate_ && rolling_; }

    [[nodiscard]] bool is_busy() const { return candidate_ != nullptr; }

    /// The serving generation; nullptr before the first one serves and after retire() or stop().
    [[nodiscard]] Generation* serving() const { return serving_.get(); }

    /// Makes workers of this and later generations stop accepting connections (`on`) or accept
    /// again.
    void pause(bool on);

    [[nodiscard]] bool is_paused() const { return paused_; }

    /// Holds this candidate and later ones back when they could serve, or lets them go on.
    void defer(bool on);

    /// True when there is a candidate that cannot serve yet and has been logged as slow.
    [[nodiscard]] bool is_slow() const { return candidate_ && candidate_->is_slow(); }

    /// Makes the candidate fail with this reason, which settle() reports.
    void give_up(const std::string& why);

    /// True when the candidate is complete.
    [[nodiscard]] bool could_serve() const {
        return candidate_ && candidate_->state() == Generation::State::Booting &&
               candidate_->is_complete();
    }

    /// Another server takes over: everything drains, nothing is replaced.
    void retire();

    /// The server stops: everything drains and exits; the candidate is killed.
    void stop();
    void kill();

    /// Call after any event: processes what happened. Returns the candidate's outcome, once.
    std::optional<Outcome> settle();

    void on_exit(const ChildExit& exit);
    void broadcast(const ipc::Message& message);

    /// True when no process is left.
    [[nodiscard]] bool empty() const;

    [[nodiscard]] TimePoint next_deadline() const;

    /// Checks the hubs of all workers; returns when to call again.
    TimePoint look_at_hubs(TimePoint now) const;

    /// The workers of all generations.
    [[nodiscard]] std::vector<WorkerHandle*> workers() const;

    [[nodiscard]] std::vector<GenerationStatus> status() const;
    [[nodiscard]] std::vector<RequestStatus> requests() const;

    [[nodiscard]] std::vector<WebSocketStatus> websockets() const;

    [[nodiscard]] std::vector<CoresStatus> cores() const;

    /// The workers with the number `of`; if none, those that run the request named `of`. Empty:
    /// all.
    [[nodiscard]] std::vector<StackCollector::Target> stack_targets(const std::string& of) const;

  private:
    using Handle = std::unique_ptr<Generation>;

    [[nodiscard]] std::vector<Generation*> all() const;

    template <typename Visit>
    void for_each_insight(Visit visit) const;

    template <typename Status, typename Entries>
    std::vector<Status> list_by_age(Entries entries) const;

    Outcome promote();
    Outcome abandon();
    void cut_oldest();
    void make_way(bool rollback);
    static void give_up_sessions(Generation& generation);
    void wait_for_others(TimePoint now);
    void go_on_with_restart();
    void start_candidate();
    void look_whether_it_can_return();
    [[nodiscard]] bool waits_for_others() const;
    [[nodiscard]] bool is_way_free() const;
    void roll();
    void drain_all(ipc::DrainReason reason);

    const Services& services_;
    std::vector<Handle> leaving_;
    Handle serving_;
    Handle candidate_;
    bool rolling_ = false;  ///< the candidate takes over worker by worker
    bool waits_ = false;    ///< the candidate starts when the workers of others have ended
    TimePoint others_by_;   ///< from then on, what has not ended yet is not waited for
    std::optional<TimePoint> gap_since_;
    bool paused_ = false;
    bool deferred_ = false;
};

}  // namespace geventd::master
