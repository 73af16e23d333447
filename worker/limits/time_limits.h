// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "worker/requests/greenlet.h"
#include "worker/requests/time_limit.h"

namespace geventd::worker {

class Accounts;
class Admission;

/// Ends requests and handlers that take too long: by limits.request-time, signals.handler-time and
/// limits that the application sets.
///
///   Running ──its time is over──▶ TimedOut ──mercy──▶ Exited ──mercy──▶ Lost
///            RequestTimeout is       GreenletExit is      its connection is aborted, the worker
///            thrown into it          thrown into it       asks for a successor
///
/// The loop reports a deadline only while every other greenlet waits, so the exception is raised
/// where the greenlet waits. A greenlet that blocks the hub, or computes, gets it at its next wait.
/// Lives in: worker, loop side.
class TimeLimits {
  public:
    TimeLimits(event::Loop& loop, event::DeadlineClock& clock, const config::Settings& settings,
               Admission& admission, Accounts& accounts);

    /// `tell` is called when a greenlet survived GreenletExit: only the end of the process ends it.
    void on_lost(std::function<void()> tell) { tell_lost_ = std::move(tell); }

    /// Called when the request's head is complete.
    void start(Request& request) {
        if (request_time_ > Duration::zero()) {
            start_request(request);
        }
    }

    /// Called when the signal's handler starts.
    void start(HeldSignal& signal);

    /// Sets the limit to `time` from now; zero: no limit. No effect once the limit has passed.
    void replace(TimeLimit& limit, Duration time);

    /// Sets the limit to `time` from now, but at most to that of the configuration; zero: the
    /// latter alone.
    void tighten(TimeLimit& limit, Duration time);

    /// How long a greenlet may take to end after an exception was thrown into it; two seconds by
    /// default.
    void set_mercy(Duration mercy) { mercy_.set_delay(mercy); }

  private:
    void start_request(Request& request);
    void on_due(TimeLimit& limit) noexcept;
    void press(TimeLimit& limit, Greenlet* greenlet) noexcept;
    void count_late(const TimeLimit& limit);
    void give_up(TimeLimit& limit) noexcept;

    struct Words {
        std::string subject, age, id;
    };

    [[nodiscard]] Words words_for(const TimeLimit& limit) const;

    event::Loop& loop_;
    Admission& admission_;
    Accounts& accounts_;
    std::function<void()> tell_lost_;
    Duration request_time_;
    Duration handler_time_;
    event::DeadlineList times_;
    event::DeadlineList mercy_;
};

}  // namespace geventd::worker
