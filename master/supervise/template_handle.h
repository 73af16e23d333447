// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "master/process/child.h"
#include "master/process/child_exit.h"
#include "master/supervise/surroundings.h"

namespace geventd::master {

/// A template, or its spare, as the master sees it: the process that has loaded the application
/// and from which workers are forked.
///
///   Loading → Loaded → Leaving → Stopping → Gone
///
/// Loading   has not said Loaded yet; killed when its patience is over
/// Loaded    forks on request; no deadline
/// Leaving   its channel was closed, it leaves by itself; killed after a few seconds
/// Stopping  was killed, its exit is awaited
/// Gone      reaped
///
/// Each state may be skipped forward. Nothing is called back: the generation looks at the state.
/// Lives in: master.
class TemplateHandle final : private Child::Owner {
  public:
    enum class State { Loading, Loaded, Leaving, Stopping, Gone };

    TemplateHandle(const Surroundings& surroundings, std::string role, ipc::Channel channel,
                   Duration patience);

    void set_pid(pid_t pid) { child_.set_pid(pid); }

    bool send(const ipc::Message& message) { return child_.send(message); }

    /// Has it leave; one that is still loading is killed, since it would not notice.
    void dismiss();
    void kill();

    void on_exit(const ChildExit& exit);

    void receive() { child_.receive(); }

    void check_deadline(TimePoint now);

    /// A spare takes over: "spare" becomes "template" in the log.
    void set_role(std::string role) { role_ = std::move(role); }

    [[nodiscard]] TimePoint deadline() const { return deadline_; }

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] bool is_loaded() const { return state_ == State::Loaded; }

    [[nodiscard]] pid_t pid() const { return child_.pid(); }

    /// For the log: "spare template (pid 42)".
    [[nodiscard]] std::string title() const;

    [[nodiscard]] const std::string& failure() const { return failure_; }

    [[nodiscard]] const std::string& end() const { return end_; }

    /// Peers of the connections that loading the application has left open; "" when there are none.
    [[nodiscard]] const std::string& connections() const { return connections_; }

    static std::string_view name(State state);

    static constexpr bool can_follow(State from, State to) { return to > from; }

  private:
    void on_message(ipc::Message& message) noexcept override;
    void on_hang_up() noexcept override;
    void enter(State state, Duration until_deadline = Duration::max());

    const Surroundings& surroundings_;
    std::string role_;
    Child child_;
    State state_ = State::Loading;
    TimePoint deadline_;
    std::string failure_;
    std::string end_;
    std::string connections_;
};

}  // namespace geventd::master
