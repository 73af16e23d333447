// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "master/process/child_exit.h"

namespace geventd::master {

/// The states of an upgrade as the running master sees it:
///
///   Idle ─▶ Starting ─hello─▶ Loading ─ready─▶ HandingOver ─taken─▶ Left
///     ▲        │                 │                  │
///     └─────── Failing ◀─────────┴──────────────────┘   it said why, died, or took too long
///
/// Until Left nothing has changed for clients: whatever goes wrong, the running master goes on.
/// Lives in: master. Takes the time as an argument and does nothing itself.
class Handover {
  public:
    enum class State { Idle, Starting, Loading, HandingOver, Failing, Left };

    /// What is done on its word.
    class Deeds {
      public:
        /// Starts the new master; its pid. Throws std::exception.
        virtual pid_t start_successor() = 0;

        /// Each false when the new master is gone. hand_over() throws std::exception when there is
        /// another reason why it cannot be told.
        virtual bool hand_over() = 0;
        virtual bool let_lead() = 0;

        /// Undoes hand_over().
        virtual void take_back() = 0;

        /// The new master leads: drain and leave.
        virtual void leave() = 0;

        /// It is over, the new master is gone.
        virtual void give_up(const std::string& reason) = 0;

        /// SIGTERM, so that it ends what it has started; SIGKILL when that did not do.
        virtual void end_successor(pid_t pid, bool at_once) = 0;

      protected:
        ~Deeds() = default;
    };

    // A program that is no geventd says nothing at all; one that is may load for long.
    static constexpr Duration kHelloPatience = std::chrono::seconds(10);
    static constexpr Duration kBootPatience = std::chrono::minutes(10);
    static constexpr Duration kStepPatience = std::chrono::seconds(10);
    static constexpr Duration kLastWords = std::chrono::seconds(5);

    /// How long loading the application may take.
    struct Patience {
        Duration slow;   ///< until something newer may take the place of the upgrade
        Duration limit;  ///< until it is given up, kBootPatience aside; 0: never
    };

    explicit Handover(Deeds& deeds) : deeds_(deeds) {}

    [[nodiscard]] State state() const { return state_; }

    /// One is under way; it has not left.
    [[nodiscard]] bool is_busy() const { return state_ != State::Idle && state_ != State::Left; }

    /// Of the new master; 0: there is none.
    [[nodiscard]] pid_t successor() const { return pid_; }

    /// Only while Idle.
    void begin(TimePoint now, Patience patience);

    /// `reason` comes with "failed".
    void on_message(std::string_view type, std::string_view reason, TimePoint now);
    void on_hang_up(TimePoint now);

    /// True when it was the new master's.
    bool on_exit(const ChildExit& exit);

    /// No upgrade any more, for this reason.
    void abort(TimePoint now, const std::string& reason = "the server stops");

    /// The new master takes long to load its application, as it has said or as can be seen.
    [[nodiscard]] bool is_slow() const { return state_ == State::Loading && slow_; }

    void check_deadline(TimePoint now);

    [[nodiscard]] TimePoint next_deadline() const;

  private:
    void fail(std::string reason, Duration patience, TimePoint now);
    void enter(State state, TimePoint deadline);
    void start_loading(TimePoint now);

    Deeds& deeds_;
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
