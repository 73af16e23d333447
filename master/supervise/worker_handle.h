// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "master/process/child.h"
#include "master/process/child_exit.h"
#include "master/status.h"
#include "master/supervise/hub_watch.h"
#include "master/supervise/patience.h"
#include "master/supervise/stack_query.h"
#include "master/supervise/standstill.h"
#include "master/supervise/surroundings.h"
#include "shm/request_table.h"

namespace geventd::master {

/// A worker as the master sees it; what runs in the process itself is worker/worker.h.
///
///   Starting → Ready → Draining → Stopping → Gone
///
/// Starting  spawned or asked of the template; must be ready within its patience, else killed
/// Ready     serves; no deadline
/// Draining  was told to finish and leave; killed when its mercy time is over
/// Stopping  was killed, its exit is awaited; killed again now and then
/// Gone      reaped; the handle waits to be removed
///
/// Each state may be skipped forward (death comes in any). Nothing is called back: whoever owns
/// the handle looks at its state.
/// Lives in: master.
class WorkerHandle final : private Child::Owner,
                           private HubWatch::Worker,
                           private Standstill::Process {
  public:
    enum class State { Starting, Ready, Draining, Stopping, Gone };

    struct Terms {
        Patience patience;
        std::uint32_t cores = 0;  ///< as configured
        std::uint32_t respawns = 0;
    };

    WorkerHandle(const Surroundings& surroundings, std::uint32_t number, SlotLease slot,
                 ipc::Channel channel, Terms terms);

    /// For a spawned one, whose pid is known without Hello.
    void set_pid(pid_t pid);

    bool send(const ipc::Message& message) { return child_.send(message); }

    /// Tells it to finish. One that does not serve yet is killed: it has nothing to finish.
    void drain(ipc::DrainReason reason, Duration mercy);

    /// `reason` is a sentence for the log. The first one counts.
    void kill(std::string_view reason);

    /// Its process was reaped; what it still had to say is read first.
    void on_exit(const ChildExit& exit);

    void receive() { child_.receive(); }

    void check_deadline(TimePoint now);

    [[nodiscard]] TimePoint deadline() const {
        return std::min({deadline_, last_look_until_, watch_.next_look()});
    }

    /// The log has told that it takes long to get ready.
    [[nodiscard]] bool is_slow() const { return state_ == State::Starting && watch_.is_told(); }

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] std::uint32_t number() const { return number_; }

    /// Its number is written so.
    [[nodiscard]] bool is_called(const std::string& name) const {
        return name == std::to_string(number_);
    }

    [[nodiscard]] std::uint32_t slot() const { return slot_.index(); }

    [[nodiscard]] pid_t pid() const { return child_.pid(); }

    /// For the log: "worker 1 (pid 42)".
    [[nodiscard]] std::string title() const override;

    [[nodiscard]] bool was_ready() const { return was_ready_; }

    /// It was given up and killed, because it did not get ready. It may never be gone.
    [[nodiscard]] bool has_hung() const { return hung_; }

    /// What it said to be wrong with the application or Python; "" when nothing.
    [[nodiscard]] const std::string& failure() const { return failure_; }

    /// Why it has asked for a successor; none: it has not.
    [[nodiscard]] std::optional<ipc::Due> due() const { return due_; }

    /// While it serves or drains: looks whether its hub turns; returns when to look again.
    TimePoint look_at_hub(TimePoint now);

    HubWatch& hub() { return hub_; }

    [[nodiscard]] const HubWatch& hub() const { return hub_; }

    /// Its successor is ready: ends it for its blocked hub, and logs what is lost by that. Where
    /// its requests stand is asked first; when the hub turns again meanwhile, it drains instead.
    void replace_blocked(TimePoint now, Duration mercy);

    /// Asks where its greenlets stand; null when it cannot be asked.
    std::unique_ptr<StackQuery> look(const StackQuery::Question& question, StackQuery::Done done);

    /// What occupies its cores, also when it is stuck.
    [[nodiscard]] std::vector<shm::RequestTable::Entry> requests() const;
    [[nodiscard]] CoresStatus cores() const;

    [[nodiscard]] TimePoint born() const { return born_; }

    /// It left with a code that says that another try will not help.
    [[nodiscard]] bool cannot_work() const { return cannot_work_; }

    /// Gone: how it ended, as a phrase.
    [[nodiscard]] const std::string& end() const { return end_; }

    [[nodiscard]] const shm::WorkerSlot& counters() const { return slot_.counters(); }

    [[nodiscard]] WorkerStatus status(TimePoint now) const;

    static std::string_view name(State state);

    static constexpr bool can_follow(State from, State to) { return to > from; }

  private:
    void on_message(ipc::Message& message) noexcept override;
    void on_hang_up() noexcept override;
    void ask_for_pulse() override;
    void ask_for_stack(ipc::StackOf which) override;
    [[nodiscard]] char process_state() const override;

    [[nodiscard]] std::string subject() const override { return title(); }

    void give_up_starting(TimePoint now);
    void open_sights(std::vector<UniqueFd>& fds);
    void end_blocked(const std::string& stacks);
    void enter(State state, Duration until_deadline = Duration::max());

    const Surroundings& surroundings_;
    std::uint32_t number_;
    Terms terms_;
    SlotLease slot_;
    Child child_;
    Standstill watch_;
    HubWatch hub_;
    std::optional<shm::Region> requests_region_;
    std::optional<shm::RequestTable> requests_;
    std::optional<ipc::Channel> observer_;
    std::unique_ptr<StackQuery> last_look_;
    TimePoint last_look_until_ = TimePoint::max();
    Duration mercy_{};
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

}  // namespace geventd::master
