// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "master/status/status.h"
#include "master/supervise/exec_source.h"
#include "master/supervise/launch_kit.h"
#include "master/supervise/pool.h"
#include "master/supervise/strength.h"
#include "master/supervise/templates.h"

namespace geventd::master {

/// The processes started from one reading of the configuration: pools of processes with a role (one
/// today, the workers), and the template that they are forked from.
///
///   Loading → Booting → Serving → Draining → Done        Loading, Booting → Failed | Draining
///
/// Loading   the template imports the application (not with preload: false)
/// Booting   workers are being started; all must become ready
/// Serving   a worker that dies is replaced
/// Draining  workers finish and exit within their mercy time; none is replaced
/// Done      all processes are gone
/// Failed    never served: the application cannot be loaded, or workers die before they are ready.
///           The remaining processes are killed; failure() has the reason. The workers of a rolling
///           generation have clients already, so they go on until give_way()
///
/// With preload: auto, a template that has loaded the application reports whether it holds
/// connections. If so, the template exits, and from then on each worker is executed and loads the
/// application itself.
///
/// There are no callbacks: after any event the owner calls settle() and then reads the state.
/// Lives in: master.
class Generation {
  public:
    enum class State { Loading, Booting, Serving, Draining, Done, Failed };

    struct Plan {
        config::Settings settings;
        LaunchKit::Contents contents;
        int former_workers = 0;  ///< workers of the generation that it replaces
        bool rolling = false;    ///< replaces a generation worker by worker
        bool restarts = false;   ///< starts when all other processes have ended
    };

    Generation(const Services& services, Plan plan);
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;
    ~Generation() = default;

    /// Throws when the first process cannot be started.
    void start();

    /// Processes what has happened since the last call.
    void settle();

    void drain(ipc::DrainReason reason);
    void kill(std::string_view reason);

    /// While serving: leaves new connections in the kernel's queue (`on`), or accepts them. A
    /// generation that does not serve yet never accepts, so that clients do not meet one that
    /// fails.
    void pause(bool on) {
        paused_ = on;
        update_hold();
    }

    /// Holds the generation in Booting although it could serve, or lets it go on.
    void defer(bool on) { deferred_ = on; }

    /// True when it has not served yet, and a process has been logged as slow or its templates die
    /// one after another.
    [[nodiscard]] bool is_slow() const;

    /// Makes a generation that has not served yet fail with this reason.
    void give_up(const std::string& why);

    /// True when all wanted processes are ready.
    [[nodiscard]] bool is_complete() const;

    // For a rolling reload, in which new workers accept as soon as they are ready.

    /// Called on the new generation. When all workers started so far are ready: starts one more,
    /// and drains one worker of `former` for each ready one, but keeps its last.
    void roll(Generation* former);

    /// After a rolling generation failed: drains its workers that still serve.
    void give_way();

    /// Why its workers could not be forked again when all of them have ended, as a phrase; empty
    /// when they could.
    [[nodiscard]] std::string why_no_return() const;

    /// True when the exited process belongs to this generation.
    bool on_exit(const ChildExit& exit);
    void broadcast(const ipc::Message& message);

    /// Hands renewed certificates and keys of tickets to all its processes.
    void renew_tls(UniqueFd tls);

    [[nodiscard]] TimePoint next_deadline() const;

    [[nodiscard]] State state() const { return state_; }

    /// Done, or Failed and all processes gone.
    [[nodiscard]] bool is_over() const;

    [[nodiscard]] const std::string& failure() const { return failure_; }

    [[nodiscard]] std::uint32_t number() const { return number_; }

    [[nodiscard]] const config::Settings& settings() const { return settings_; }

    /// What runs its processes.
    [[nodiscard]] const WorkerProgram& program() const { return kit_.program(); }

    [[nodiscard]] Pool& workers() const { return *workers_; }

    [[nodiscard]] Strength& strength() const { return *strength_; }

    [[nodiscard]] GenerationStatus status() const;

  private:
    void enter(State state);
    void fail(std::string why);
    void settle_loading(TimePoint now);
    void check_connections();
    void load_apart();
    void settle_booting();
    void end_templates();
    void drain_workers(TimePoint now);
    void update_hold();
    int roll_on();

    [[nodiscard]] bool all_pools(bool (Pool::*are)() const) const;
    [[nodiscard]] bool is_empty() const;

    [[nodiscard]] bool is_steady() const { return state_ == State::Serving && !paused_; }

    const Services& services_;
    std::uint32_t number_;
    config::Settings settings_;
    LaunchKit kit_;
    std::unique_ptr<Templates> templates_;  ///< unless preload: false
    ExecSource exec_;
    bool apart_;               ///< each worker loads the application itself
    std::string connections_;  ///< peers of the application's connections after loading
    std::vector<std::unique_ptr<Pool>> pools_;
    Pool* workers_ = nullptr;             ///< the pool of workers, one of pools_
    std::unique_ptr<Strength> strength_;  ///< of the pool of workers
    State state_ = State::Loading;
    bool paused_ = false;
    bool rolling_;
    bool gave_way_ = false;
    bool deferred_ = false;
    std::optional<ipc::DrainReason> draining_;  ///< what workers are still to be told
    TimePoint drain_by_;                        ///< when they are told at the latest
    TimePoint born_;
    std::string failure_;
};

std::string_view name(Generation::State state);
bool can_follow(Generation::State from, Generation::State to);

}  // namespace geventd::master
