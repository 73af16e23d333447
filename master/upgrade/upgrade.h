// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "event/loop.h"
#include "event/timer.h"
#include "master/upgrade/handover.h"
#include "master/upgrade/message.h"
#include "master/upgrade/program.h"
#include "master/upgrade/signal_courier.h"

namespace geventd::master {

/// The old master's side of an upgrade: starts the program again, listens to the new master, and
/// once that leads, sends it the pending signals.
/// Lives in: master, one.
class Upgrade final : private Handover::Actions {
  public:
    /// What only the master as a whole can do.
    class Owner {
      public:
        /// Returns the "begin" message: what the new master can take over.
        virtual UpgradeMessage inventory() = 0;

        /// Stops the ticks and the control socket; returns the "take-over" message.
        virtual UpgradeMessage give_away() = 0;

        /// Resumes what give_away() has stopped.
        virtual void take_back() noexcept = 0;

        /// The new master is about to lead: tells the service manager before the new one does.
        virtual void announce(pid_t successor) noexcept = 0;

        /// The new master leads.
        virtual void leave() noexcept = 0;
        virtual void on_upgrade_failed(const std::string& reason) noexcept = 0;

        /// The state of the upgrade has changed, or time has passed while draining.
        virtual void on_upgrade() noexcept = 0;

      protected:
        ~Owner() = default;
    };

    Upgrade(event::Loop& loop, event::DeadlineClock& clock, Program program,
            std::function<shm::SignalTable()> signals, Owner& owner);
    Upgrade(const Upgrade&) = delete;
    Upgrade& operator=(const Upgrade&) = delete;
    ~Upgrade() = default;

    void begin(Handover::Patience patience);
    void abort(const std::string& reason);

    [[nodiscard]] const Program& program() const { return program_; }

    [[nodiscard]] bool is_busy() const { return handover_.is_busy(); }

    [[nodiscard]] bool is_slow() const { return handover_.is_slow(); }

    /// True when another master leads.
    [[nodiscard]] bool has_left() const { return handover_.state() == Handover::State::Left; }

    [[nodiscard]] pid_t successor() const { return handover_.successor(); }

    bool on_exit(const ChildExit& exit);
    void check_deadline();

    [[nodiscard]] TimePoint next_deadline() const { return handover_.next_deadline(); }

    /// For a master that does not lead any more, without workers: true when all signals were sent.
    bool is_done();

  private:
    pid_t start_successor() override;
    bool hand_over() override;
    bool let_lead() override;
    void take_back() override;
    void leave() override;
    void give_up(const std::string& reason) override;
    void end_successor(pid_t pid, bool at_once) override;

    void on_line(int events) noexcept;
    void read_line();
    void on_message(const UpgradeMessage& message);
    void on_tick() noexcept;
    void hang_up();

    event::Loop& loop_;
    Program program_;
    Owner& owner_;
    Handover handover_;
    UpgradeLine line_;
    event::Io io_;
    event::Timer timer_;
    std::function<shm::SignalTable()> signals_;
    std::optional<SignalCourier> courier_;  ///< set once the new master leads
    std::optional<TimePoint> workers_gone_;
};

}  // namespace geventd::master
