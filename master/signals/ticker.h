// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>

#include "event/loop.h"
#include "event/timer.h"
#include "master/schedule/scheduler.h"

namespace geventd::master {

/// Runs the schedule in the master's loop: waits for the next timer, cron entry or change of a
/// monitored file, and sends the ticks. Until the first generation serves, its application may not
/// have registered its signals. So timers start when it serves, and ticks of cron entries and
/// changed files are held until then (those of an hourly entry only for their minute, see Crons).
/// Lives in: master.
class Ticker {
  public:
    /// Sends a tick as the signal `number`.
    using Tick = std::function<void(std::uint8_t number)>;

    Ticker(event::Loop& loop, event::DeadlineClock& clock, Tick tick);

    /// Adds a generation's plan (schedule/plan.h). A fault in it is logged with `who`.
    /// `application`: the rights of the application that asked; nullptr: the plan is from the
    /// configuration.
    void add(std::uint32_t generation, std::uint8_t number, std::string_view plan,
             std::string_view who, const Identity* application = nullptr);

    /// Begins a timer anew that has made all its iterations: code that serves has asked for it.
    void repeat(std::uint8_t number, std::string_view plan);

    void serve(std::uint32_t generation);
    void forget(std::uint32_t generation);

    /// Stops ticks until resume(), because another master sends them.
    void hold();
    void resume();

    /// The timers' phases, for restore() in the master that takes over.
    struct Saved {
        std::string timers;
        std::time_t moment = 0;
    };

    Saved save_and_hold();

    void restore(const Saved& saved);

    [[nodiscard]] std::size_t active() const { return scheduler_.active(); }

  private:
    ScheduleTime now();
    void on_time() noexcept;
    void on_change(int events) noexcept;
    void arm();

    event::Loop& loop_;
    event::Timer timer_;
    event::Io monitor_io_;
    Scheduler scheduler_;
    Tick tick_;
    bool served_ = false;    ///< a generation serves or has served
    bool restored_ = false;  ///< the phases came from a former master
    bool held_ = false;
};

}  // namespace geventd::master
