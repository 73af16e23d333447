// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "master/process/child.h"
#include "master/process/child_exit.h"
#include "master/supervise/patience.h"
#include "master/supervise/standstill.h"
#include "master/supervise/surroundings.h"

namespace geventd::master {

/// A template, or its spare, as the master sees it: the process that has loaded the application
/// and from which workers are forked.
///
///   Loading → Loaded → Leaving → Stopping → Gone
///
/// Loading   has not said Loaded yet; killed when its patience is over
/// Loaded    forks on request; no deadline, but for its answers: killed when it owes one too long
/// Leaving   its channel was closed, it leaves by itself; killed after a few seconds
/// Stopping  was killed, its exit is awaited
/// Gone      reaped
///
/// Each state may be skipped forward. Nothing is called back: the generation looks at the state.
/// Lives in: master.
class TemplateHandle final : private Child::Owner, private Standstill::Process {
  public:
    enum class State { Loading, Loaded, Leaving, Stopping, Gone };

    TemplateHandle(const Surroundings& surroundings, std::string role, ipc::Channel channel,
                   const Patience& patience);

    void set_pid(pid_t pid) { child_.set_pid(pid); }

    bool send(const ipc::Message& message) { return child_.send(message); }

    /// Sends a message that it answers when a process is forked.
    bool ask(const ipc::Message& request);

    /// Has it leave; one that is still loading is killed, since it would not notice, but for one
    /// that has told of connections: it leaves by itself, or can be told so in a moment.
    void dismiss();

    /// `reason` is a sentence for the log. The first one counts.
    void kill(std::string_view reason);

    void on_exit(const ChildExit& exit);

    void receive() { child_.receive(); }

    void check_deadline(TimePoint now);

    /// A spare takes over: "spare" becomes "template" in the log.
    void set_role(std::string role) { role_ = std::move(role); }

    [[nodiscard]] TimePoint deadline() const { return std::min(deadline_, watch_.next_look()); }

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] bool is_loaded() const { return state_ == State::Loaded; }

    /// It takes requests: it is loaded, and has not ended as far as can be seen.
    [[nodiscard]] bool takes_requests() const { return is_loaded() && !hung_up_; }

    /// The log has told that loading takes long.
    [[nodiscard]] bool is_slow() const { return state_ == State::Loading && watch_.is_told(); }

    /// It was given up and killed, because it did not get ready or did not answer; end() says more.
    /// It may never be gone.
    [[nodiscard]] bool has_hung() const { return hung_; }

    /// A spare that was forked, and has not ended as far as can be seen.
    [[nodiscard]] bool can_take_over() const {
        return state_ <= State::Loaded && pid() != 0 && !hung_up_;
    }

    /// A process was forked on request.
    [[nodiscard]] bool has_answered() const { return answered_; }

    /// It is stopped, so it cannot answer.
    [[nodiscard]] bool is_stopped() const { return process_state() == 'T'; }

    [[nodiscard]] pid_t pid() const { return child_.pid(); }

    /// For the log: "spare template (pid 42)".
    [[nodiscard]] std::string title() const;

    [[nodiscard]] const std::string& failure() const { return failure_; }

    [[nodiscard]] const std::string& end() const { return end_; }

    /// Peers of the connections that loading the application has left open; "" when there are none.
    [[nodiscard]] const std::string& connections() const { return connections_; }

  private:
    void on_message(ipc::Message& message) noexcept override;
    void on_hang_up() noexcept override;
    void ask_for_stack(ipc::StackOf which) override;
    [[nodiscard]] char process_state() const override;

    [[nodiscard]] std::string subject() const override { return "the " + title(); }

    /// A spare, which a template forks.
    [[nodiscard]] bool is_fork() const { return role_ != "template"; }

    void on_forked();
    void await_answer();
    void give_up(TimePoint now);
    void enter(State state, Duration until_deadline = Duration::max());

    const Surroundings& surroundings_;
    std::string role_;
    Child child_;
    Patience patience_;
    Standstill watch_;
    State state_ = State::Loading;
    TimePoint deadline_ = TimePoint::max();
    int asked_ = 0;  ///< requests that it has not answered
    bool answered_ = false;
    bool hung_ = false;
    bool hung_up_ = false;  ///< it has closed its channel, which only its end does
    std::string failure_;
    std::string why_killed_;
    std::string end_;
    std::string connections_;
};

std::string_view name(TemplateHandle::State state);

constexpr bool can_follow(TemplateHandle::State from, TemplateHandle::State to) {
    return to > from;
}

}  // namespace geventd::master
