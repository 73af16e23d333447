// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "master/process/child_exit.h"

namespace geventd::master {

/// The states of an upgrade as the old master sees it:
///
///   Idle ─▶ Starting ─hello─▶ Loading ─ready─▶ HandingOver ─taken─▶ Left
///     ▲        │                 │                  │
///     └─────── Failing ◀─────────┴──────────────────┘   it reported why, died, or took too long
///
/// Until Left nothing has changed for clients: after any failure the old master goes on.
/// Lives in: master. Takes the time as an argument and acts only through Actions.
class Handover {
  public:
    enum class State { Idle, Starting, Loading, HandingOver, Failing, Left };

    /// The actions that it decides on.
    class Actions {
      public:
        /// Starts the new master and returns its pid. Throws std::exception.
        virtual pid_t start_successor() = 0;

        /// Each returns false when the new master is gone. hand_over() throws std::exception when
        /// the message cannot be sent for another reason.
        virtual bool hand_over() = 0;
        virtual bool let_lead() = 0;

        /// Undoes hand_over().
        virtual void take_back() = 0;

        /// The new master leads: drains and exits.
        virtual void leave() = 0;

        /// The upgrade has failed and the new master is gone.
        virtual void give_up(const std::string& reason) = 0;

        /// Ends the new master: SIGTERM, so that it ends what it has started, or SIGKILL
        /// (`at_once`).
        virtual void end_successor(pid_t pid, bool at_once) = 0;

      protected:
        ~Actions() = default;
    };

    // A program that is no geventd never answers; a geventd answers at once, but may load for
    // long.
    static constexpr Duration kHelloPatience = std::chrono::seconds(10);
    static constexpr Duration kBootPatience = std::chrono::minutes(10);
    static constexpr Duration kStepPatience = std::chrono::seconds(10);
    static constexpr Duration kLastWords = std::chrono::seconds(5);

    /// Time limits for loading the application.
    struct Patience {
        Duration slow;   ///< until something newer may supersede the upgrade
        Duration limit;  ///< until it is given up, besides kBootPatience; 0: never
    };

    explicit Handover(Actions& actions) : actions_(actions) {}

    [[nodiscard]] State state() const { return state_; }

    /// True while an upgrade is under way and the new master does not lead.
    [[nodiscard]] bool is_busy() const { return state_ != State::Idle && state_ != State::Left; }

    /// The new master's pid; 0 when there is none.
    [[nodiscard]] pid_t successor() const { return pid_; }

    /// Call only while Idle.
    void begin(TimePoint now, Patience patience);

    /// `reason` belongs to "failed".
    void on_message(std::string_view type, std::string_view reason, TimePoint now);
    void on_hang_up(TimePoint now);

    /// True when it was the new master's exit.
    bool on_exit(const ChildExit& exit);

    /// Ends the running upgrade with this reason.
    void abort(TimePoint now, const std::string& reason = "the server stops");

    /// True when the new master is slow to load its application, by its own report or by the time.
    [[nodiscard]] bool is_slow() const { return state_ == State::Loading && slow_; }

    void check_deadline(TimePoint now);

    [[nodiscard]] TimePoint next_deadline() const;

  private:
    void fail(std::string reason, Duration patience, TimePoint now);
    void enter(State state, TimePoint deadline);
    void start_loading(TimePoint now);

    Actions& actions_;
    State state_ = State::Idle;
    pid_t pid_ = 0;
    Patience patience_{};
    TimePoint deadline_ = TimePoint::max();
    TimePoint slow_at_ = TimePoint::max();
    bool told_to_go_ = false;
    bool slow_ = false;
    std::string reason_;
};

}  // namespace geventd::master
