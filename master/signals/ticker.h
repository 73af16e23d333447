// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "event/deadlines.h"
#include "event/loop.h"
#include "master/schedule/scheduler.h"

namespace geventd::master {

/// Runs the schedule in the master's loop: waits for the next timer, cron entry or change of a
/// monitored file, and sends the ticks.
/// Lives in: master.
class Ticker {
  public:
    /// Sends a tick of the number.
    using Tick = std::function<void(std::uint8_t number)>;

    Ticker(event::Loop& loop, event::DeadlineClock& clock, Tick tick);

    /// A plan (schedule/plan.h) of a generation. What is wrong with it is logged with `who`.
    void add(std::uint32_t generation, std::uint8_t number, std::string_view plan,
             std::string_view who);

    void serve(std::uint32_t generation);
    void forget(std::uint32_t generation);

    [[nodiscard]] std::size_t active() const { return scheduler_.active(); }

  private:
    ScheduleTime now();
    void on_deadline() noexcept;
    void on_change(int events) noexcept;
    void arm();

    event::Loop& loop_;
    event::DeadlineList deadlines_;
    event::Deadline deadline_;
    event::Io monitor_io_;
    Scheduler scheduler_;
    Tick tick_;
};

}  // namespace geventd::master
