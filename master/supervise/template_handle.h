// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "master/process/child.h"
#include "master/process/child_exit.h"
#include "master/supervise/patience.h"
#include "master/supervise/services.h"
#include "master/supervise/standstill.h"

namespace geventd::master {

/// A template, or its spare, as the master sees it: the process that has loaded the application
/// and from which workers are forked.
///
///   Loading → Loaded → Leaving → Stopping → Gone
///
/// Loading   has not sent Loaded yet; killed after its time limit
/// Loaded    forks on request; killed when it takes too long to answer
/// Leaving   its channel was closed and it exits by itself; killed after a few seconds
/// Stopping  was killed; its exit is awaited
/// Gone      reaped
///
/// States may be skipped, but never go back. There are no callbacks: the generation reads the
/// state.
/// Lives in: master.
class TemplateHandle final : private Child::Owner, private Standstill::Process {
  public:
    enum class State { Loading, Loaded, Leaving, Stopping, Gone };

    TemplateHandle(const Services& services, std::string role, ipc::Channel channel,
                   const Patience& patience);

    void set_pid(pid_t pid) { child_.set_pid(pid); }

    bool send(const ipc::Message& message) { return child_.send(message); }

    /// Sends a request to fork; the template answers when the process is forked.
    bool ask(const ipc::Message& request);

    /// Tells it, once, that it will not fork any more and is to close the listening sockets.
    void close_sockets();

    /// Closes the channel, at which the template exits. One that is still loading would not
    /// notice, so it is killed, unless it has reported connections and so is about to notice.
    void dismiss();

    /// `reason` is a sentence for the log; only the first one is kept.
    void kill(std::string_view reason);

    void on_exit(const ChildExit& exit);

    void receive() { child_.receive(); }

    void check_deadline(TimePoint now);

    /// Called when a spare takes over: it is called "template" in the log from now on.
    void set_role(std::string role) { role_ = std::move(role); }

    [[nodiscard]] TimePoint deadline() const { return std::min(deadline_, watch_.next_look()); }

    [[nodiscard]] State state() const { return state_; }

    /// True when it is loaded and, as far as known, alive.
    [[nodiscard]] bool takes_requests() const { return state_ == State::Loaded && !hung_up_; }

    /// True when it has been logged as slow to load.
    [[nodiscard]] bool is_slow() const { return state_ == State::Loading && watch_.is_told(); }

    /// True when it was killed because it did not get ready or did not answer; end() has details.
    /// The process may stay forever, stuck in the kernel.
    [[nodiscard]] bool has_hung() const { return hung_; }

    /// True when the spare was forked and, as far as known, lives.
    [[nodiscard]] bool can_take_over() const {
        return state_ <= State::Loaded && pid() != 0 && !hung_up_;
    }

    /// True when it has forked a process on request.
    [[nodiscard]] bool has_answered() const { return answered_; }

    /// True when the process is stopped (SIGSTOP) and so cannot answer.
    [[nodiscard]] bool is_stopped() const { return process_state() == 'T'; }

    /// True until it has said that the listening sockets are closed, or has ended.
    [[nodiscard]] bool holds_sockets() const { return holds_sockets_ && state_ != State::Gone; }

    [[nodiscard]] pid_t pid() const { return child_.pid(); }

    [[nodiscard]] std::string title() const;

    [[nodiscard]] const std::string& failure() const { return failure_; }

    [[nodiscard]] const std::string& end() const { return end_; }

    /// Peers of the connections that loading has left open; empty when there are none.
    [[nodiscard]] const std::string& connections() const { return connections_; }

  private:
    void on_message(ipc::Message& message) noexcept override;
    void on_hang_up() noexcept override;
    void ask_for_stack(ipc::StackOf which) override;
    [[nodiscard]] char process_state() const override;

    [[nodiscard]] std::string subject() const override { return "the " + title(); }

    /// True for a spare, which is forked by a template.
    [[nodiscard]] bool is_fork() const { return role_ != "template"; }

    void on_forked();
    void await_answer();
    void give_up(TimePoint now);
    void enter(State state, Duration until_deadline = Duration::max());

    const Services& services_;
    std::string role_;
    Child child_;
    Patience patience_;
    Standstill watch_;
    State state_ = State::Loading;
    TimePoint deadline_ = TimePoint::max();
    int asked_ = 0;  ///< unanswered requests
    bool answered_ = false;
    bool hung_ = false;
    bool told_to_close_ = false;
    bool holds_sockets_ = true;
    bool hung_up_ = false;  ///< its channel is closed, so it has ended
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
