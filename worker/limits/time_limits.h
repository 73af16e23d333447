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

/// Ends what takes too long, and nothing else: limits.request-time, signals.handler-time and what
/// the application sets for itself.
///
///   Running ──its time is over──▶ TimedOut ──mercy──▶ Exited ──mercy──▶ Lost
///            RequestTimeout is       GreenletExit is      its connection is aborted, the worker
///            thrown into it          thrown into it       asks for a successor
///
/// The loop tells of a deadline only while every other greenlet is parked, so that what is thrown
/// arrives where the greenlet waits. One that blocks the hub, or computes, hears of it when it
/// waits for the next time.
/// Lives in: worker, loop side.
class TimeLimits {
  public:
    TimeLimits(event::Loop& loop, event::DeadlineClock& clock, const config::Settings& settings,
               Admission& admission, Accounts& accounts);

    /// Told when a greenlet can be ended by nothing but the end of the process.
    void on_lost(std::function<void()> tell) { tell_lost_ = std::move(tell); }

    /// From the request's complete head on.
    void start(Request& request) {
        if (request_time_ > Duration::zero()) {
            start_request(request);
        }
    }

    /// From the start of its handler on.
    void start(HeldSignal& signal);

    /// So much from now on, whatever the limit was; zero: no limit. What is over stays over.
    void replace(TimeLimit& limit, Duration time);

    /// At most so much from now on, and never more than the limit of the configuration; zero:
    /// that one alone.
    void tighten(TimeLimit& limit, Duration time);

    /// How long a greenlet may take to end once it was told to; two seconds by default.
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
