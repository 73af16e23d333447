// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/stacks/stack_desk.h"
#include "master/supervise/generation.h"

namespace geventd::master {

/// All generations and what they are to each other: one serves, one may be on its way to replace
/// it, and former ones drain. The successor takes over when it serves; when it fails, the serving
/// one goes on untouched. At most three drain at once: the oldest is cut.
/// Lives in: master.
class Supervisor {
  public:
    static constexpr std::size_t kMaxDraining = 3;

    /// What became of the generation that begin() started.
    struct Outcome {
        std::uint32_t generation;
        bool serves;
        std::string failure;
    };

    explicit Supervisor(const Surroundings& surroundings) : surroundings_(surroundings) {}

    /// Starts the next generation; not while another one is on its way. Throws when it cannot be.
    void begin(Generation::Plan plan);

    /// Workers of two generations serve side by side for now.
    [[nodiscard]] bool is_rolling() const { return candidate_ && rolling_; }

    [[nodiscard]] bool is_busy() const { return candidate_ != nullptr; }

    /// The one that serves; nullptr before the first and once all are told to stop.
    [[nodiscard]] Generation* serving() const { return serving_.get(); }

    /// Has workers of this and later generations accept no connection, or accept again.
    void pause(bool on);

    [[nodiscard]] bool is_paused() const { return paused_; }

    /// Has the generation on its way, and later ones, wait when it could serve; or go on.
    void defer(bool on);

    /// The one on its way has not got far enough to serve, and the log has told that it takes long.
    [[nodiscard]] bool is_slow() const { return candidate_ && candidate_->is_slow(); }

    /// The one on its way fails for this reason, which settle() tells.
    void give_up(const std::string& why);

    /// The one on its way could serve.
    [[nodiscard]] bool could_serve() const {
        return candidate_ && candidate_->state() == Generation::State::Booting &&
               candidate_->is_complete();
    }

    /// Others serve from now on: everything drains, nobody is replaced.
    void retire();

    /// Everything drains, then goes; the one on its way is killed.
    void stop();
    void kill();

    /// To be called after any event: draws the conclusions and tells the outcome, once.
    std::optional<Outcome> settle();

    void on_exit(const ChildExit& exit);
    void broadcast(const ipc::Message& message);

    /// Nothing is left.
    [[nodiscard]] bool empty() const;

    [[nodiscard]] TimePoint next_deadline() const;

    /// Looks whether the hubs of all workers turn; returns when to look again.
    TimePoint look_at_hubs(TimePoint now) const;

    /// Of all generations.
    [[nodiscard]] std::vector<WorkerHandle*> workers() const;

    /// Oldest first.
    [[nodiscard]] std::vector<GenerationStatus> status() const;
    [[nodiscard]] std::vector<RequestStatus> requests() const;

    /// Of each worker.
    [[nodiscard]] std::vector<CoresStatus> cores() const;

    /// The workers with that number, else the ones that run the request of that name; "": all.
    [[nodiscard]] std::vector<StackDesk::Witness> witnesses(const std::string& of) const;

  private:
    using Handle = std::unique_ptr<Generation>;

    [[nodiscard]] std::vector<Generation*> all() const;
    Outcome promote();
    Outcome abandon();
    void cut_oldest();
    void roll();
    void take_leave(ipc::DrainReason reason);

    const Surroundings& surroundings_;
    std::vector<Handle> leaving_;
    Handle serving_;
    Handle candidate_;
    bool rolling_ = false;  ///< the candidate takes over worker by worker
    bool paused_ = false;
    bool deferred_ = false;
};

}  // namespace geventd::master
