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
#include "master/supervise/scaling.h"
#include "master/supervise/templates.h"

namespace geventd::master {

/// The processes started from one reading of the configuration: pools of processes with a role (one
/// today, the workers), and the template that they are forked from.
///
///   Loading → Booting → Serving → Draining → Done        Loading, Booting → Failed | Draining
///
/// Loading   the template imports the application (not with preload: false)
/// Booting   workers are started; all must be ready
/// Serving   full strength is kept up: whoever dies is replaced
/// Draining  workers finish and leave, each within its mercy time; nobody is replaced
/// Done      all processes are gone
/// Failed    it never served: the application cannot be loaded, or workers die before they are
///           ready. What is left of it was killed; failure() says why. Workers of one that was
///           rolling go on until give_way(), as they have clients
///
/// With preload: auto it asks its template whether the application holds connections once it is
/// loaded; if so the template leaves, and each worker is exec'd and loads for itself from then on.
///
/// Nothing is called back: after any event the owner calls settle() and looks at the state.
/// Lives in: master.
class Generation {
  public:
    enum class State { Loading, Booting, Serving, Draining, Done, Failed };

    struct Plan {
        config::Settings settings;
        LaunchKit::Contents contents;
        int former_workers = 0;  ///< of the one that it replaces
        bool rolling = false;    ///< takes the place of another one worker by worker
    };

    Generation(const Surroundings& surroundings, Plan plan);
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;
    ~Generation() = default;

    /// Throws when its first process cannot be started.
    void start();

    /// Draws the conclusions of what has happened since the last call.
    void settle();

    void drain(ipc::DrainReason reason);
    void kill(std::string_view reason);

    /// Whether its workers leave new connections in the kernel's queue while it serves. Before
    /// that they always do, so that clients never meet a generation that fails.
    void pause(bool on);

    /// Whether it waits in Booting when it could serve.
    void defer(bool on) { deferred_ = on; }

    /// It has not served yet, and the log has told that something of it takes long, or that one
    /// template after the other dies.
    [[nodiscard]] bool is_slow() const;

    /// One that has not served yet fails for this reason.
    void give_up(const std::string& why);

    /// As many processes are ready as there are to be.
    [[nodiscard]] bool is_complete() const;

    // Of a rolling reload: the new generation's workers accept as soon as they are ready.

    /// When all workers are ready that were to be started so far: starts one more, and drains one
    /// of `former` for each that is ready, but for the last.
    void roll(Generation* former);

    /// The successor failed: has all its workers again.
    void restore();

    /// Failed while it was rolling: those of its workers that serve finish and leave.
    void give_way();

    /// Changes the number of workers while it serves, or the most with workers.cheaper.
    void resize(int count);

    /// True when the exit was of one of its processes.
    bool on_exit(const ChildExit& exit);
    void broadcast(const ipc::Message& message);

    [[nodiscard]] TimePoint next_deadline() const;

    [[nodiscard]] State state() const { return state_; }

    /// Done, or Failed with nothing left of it.
    [[nodiscard]] bool is_over() const;

    [[nodiscard]] const std::string& failure() const { return failure_; }

    [[nodiscard]] std::uint32_t number() const { return number_; }

    [[nodiscard]] const config::Settings& settings() const { return settings_; }

    /// Its pool of workers.
    [[nodiscard]] Pool& workers() const { return *workers_; }

    /// More than there are when workers.cheaper has it do with fewer.
    [[nodiscard]] int most_workers() const { return scaling_ ? scaling_->most() : worker_count(); }

    [[nodiscard]] GenerationStatus status() const;

  private:
    void enter(State state);
    void fail(std::string why);
    void settle_loading(TimePoint now);
    void heed_connections();
    void load_apart();
    void settle_booting();
    void end_templates();
    void update_hold();
    void boot_workers();
    void scale(TimePoint now);
    int roll_on();
    void make_room(int successors);

    [[nodiscard]] int worker_count() const { return static_cast<int>(workers_->size()); }

    [[nodiscard]] bool all_pools(bool (Pool::*are)() const) const;
    [[nodiscard]] bool is_empty() const;
    [[nodiscard]] bool may_scale() const;
    [[nodiscard]] Duration mercy() const;

    const Surroundings& surroundings_;
    std::uint32_t number_;
    config::Settings settings_;
    LaunchKit kit_;
    std::unique_ptr<Templates> templates_;  ///< unless preload: false
    ExecSource exec_;
    bool apart_;               ///< each worker loads the application for itself
    std::string connections_;  ///< that the application holds once it is loaded: their peers
    std::vector<std::unique_ptr<Pool>> pools_;
    Pool* workers_ = nullptr;         ///< one of them
    std::optional<Scaling> scaling_;  ///< workers.cheaper
    int first_workers_;
    State state_ = State::Loading;
    bool paused_ = false;
    bool rolling_;
    bool gave_way_ = false;
    std::size_t full_strength_ = 0;  ///< while it makes room; 0: it does not
    bool deferred_ = false;
    TimePoint born_;
    std::string failure_;
};

std::string_view name(Generation::State state);
bool can_follow(Generation::State from, Generation::State to);

}  // namespace geventd::master
