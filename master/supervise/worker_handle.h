// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "master/process/child.h"
#include "master/process/child_exit.h"
#include "master/status/status.h"
#include "master/supervise/patience.h"
#include "master/supervise/services.h"
#include "master/supervise/standstill.h"
#include "master/supervise/worker_insight.h"

namespace geventd::master {

/// A worker as the master sees it; what runs in the process itself is worker/serve/worker.h.
///
///   Starting → Ready → Draining → Stopping → Gone
///
/// Starting  spawned, or asked of the template; killed when not ready within its time limit
/// Ready     serves; no deadline
/// Draining  was told to finish and exit; killed when its mercy time is over
/// Stopping  was killed, and is killed again now and then until it exits
/// Gone      reaped; the handle waits to be removed
///
/// States may be skipped, but never go back. There are no callbacks: the owner reads the state.
/// Lives in: master.
class WorkerHandle final : private Child::Owner,
                           private WorkerInsight::Process,
                           private Standstill::Process {
  public:
    enum class State { Starting, Ready, Draining, Stopping, Gone };

    struct Terms {
        Patience patience;
        std::optional<WorkerInsight::Room> room;  ///< nullopt: it serves no requests
        std::uint32_t respawns = 0;
    };

    WorkerHandle(const Services& services, std::uint32_t number, SlotLease slot,
                 ipc::Channel channel, Terms terms);

    /// For an executed worker, whose pid is known before its Hello.
    void set_pid(pid_t pid);

    bool send(const ipc::Message& message) override { return child_.send(message); }

    /// Tells it to finish. A worker that does not serve yet is killed: it has nothing to finish.
    void drain(ipc::DrainReason reason, Duration mercy) override;

    /// `reason` is a sentence for the log; only the first one is kept.
    void kill(std::string_view reason) override;

    /// Its process was reaped; reads its last messages first.
    void on_exit(const ChildExit& exit);

    void receive() { child_.receive(); }

    void check_deadline(TimePoint now);

    [[nodiscard]] TimePoint deadline() const {
        const TimePoint next = std::min(deadline_, watch_.next_look());
        return insight_ ? std::min(next, insight_->deadline()) : next;
    }

    /// True when it has been logged as slow to get ready.
    [[nodiscard]] bool is_slow() const { return state_ == State::Starting && watch_.is_told(); }

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] std::uint32_t number() const { return number_; }

    [[nodiscard]] std::uint32_t slot() const { return slot_.index(); }

    [[nodiscard]] pid_t pid() const override { return child_.pid(); }

    /// For the log: "worker 1 (pid 42)".
    [[nodiscard]] std::string title() const override;

    [[nodiscard]] bool was_ready() const { return was_ready_; }

    /// True when it was killed because it did not get ready. The process may stay forever, stuck
    /// in the kernel.
    [[nodiscard]] bool has_hung() const { return hung_; }

    /// The fault that it reported in the application or Python; empty when none.
    [[nodiscard]] const std::string& failure() const { return failure_; }

    /// Why it has asked for a successor; nullopt: it has not.
    [[nodiscard]] std::optional<ipc::Due> due() const { return due_; }

    /// Its hub and its requests; nullptr when it serves none.
    [[nodiscard]] WorkerInsight* insight() const { return insight_.get(); }

    [[nodiscard]] TimePoint born() const { return born_; }

    /// True when its exit code says that another try will not help.
    [[nodiscard]] bool cannot_work() const { return cannot_work_; }

    /// Once Gone: how it ended, as a phrase.
    [[nodiscard]] const std::string& end() const { return end_; }

    [[nodiscard]] const shm::WorkerSlot& counters() const { return slot_.counters(); }

    [[nodiscard]] WorkerStatus status(TimePoint now) const;

  private:
    void on_message(ipc::Message& message) noexcept override;
    void on_hang_up() noexcept override;
    void ask_for_stack(ipc::StackOf which) override;
    [[nodiscard]] char process_state() const override;

    [[nodiscard]] std::string subject() const override { return title(); }

    [[nodiscard]] bool serves() const override { return state_ == State::Ready; }

    [[nodiscard]] bool drains() const override { return state_ == State::Draining; }

    void give_up_starting(TimePoint now);
    void enter(State state, Duration until_deadline = Duration::max());

    const Services& services_;
    std::uint32_t number_;
    Terms terms_;
    SlotLease slot_;
    Child child_;
    Standstill watch_;
    std::unique_ptr<WorkerInsight> insight_;
    State state_ = State::Starting;
    TimePoint born_;
    std::time_t spawned_;
    TimePoint deadline_ = TimePoint::max();
    bool was_ready_ = false;
    bool cannot_work_ = false;
    bool hung_ = false;
    std::optional<ipc::Due> due_;
    std::string failure_;
    std::string why_killed_;
    std::string end_;
};

std::string_view name(WorkerHandle::State state);

constexpr bool can_follow(WorkerHandle::State from, WorkerHandle::State to) {
    return to > from;
}

}  // namespace geventd::master
