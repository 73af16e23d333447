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
/// monitored file, and sends the ticks. Before the first generation serves the application may not
/// have registered its signals yet: timers begin when it serves, and the tick of a cron entry or a
/// changed file is held until then (that of an entry of every hour for its minute, see Crons).
/// Lives in: master.
class Ticker {
  public:
    /// Sends a tick of the number.
    using Tick = std::function<void(std::uint8_t number)>;

    Ticker(event::Loop& loop, event::DeadlineClock& clock, Tick tick);

    /// A plan (schedule/plan.h) of a generation. What is wrong with it is logged with `who`.
    /// `application`: the rights of the one that asked; null: the configuration did.
    void add(std::uint32_t generation, std::uint8_t number, std::string_view plan,
             std::string_view who, const Identity* application = nullptr);

    void serve(std::uint32_t generation);
    void forget(std::uint32_t generation);

    /// No ticks until resume(): another master sends them.
    void hold();
    void resume();

    /// Sends what is due, then holds. The phases, for restore() of the master that takes over.
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
    bool served_ = false;    ///< some generation serves or has served
    bool restored_ = false;  ///< the phases are a former master's
    bool held_ = false;
};

}  // namespace geventd::master
