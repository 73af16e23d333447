// SPDX-License-Identifier: MIT
#include "worker/limits/time_limits.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/core.h>

#include "log/logger.h"
#include "worker/limits/held_signal.h"
#include "worker/requests/accounts.h"
#include "worker/requests/admission.h"
#include "worker/requests/exchange.h"

namespace geventd::worker {

namespace {

constexpr Duration kMercy = std::chrono::seconds(2);

}  // namespace

TimeLimits::TimeLimits(event::Loop& loop, event::DeadlineClock& clock,
                       const config::Settings& settings, Admission& admission, Accounts& accounts)
    : loop_(loop),
      admission_(admission),
      accounts_(accounts),
      request_time_(settings.limits.request_time),
      handler_time_(settings.signals.handler_time),
      times_(clock, Duration::zero()),
      mercy_(clock, kMercy) {
    times_.bind<&TimeLimits::on_due>(this);
    mercy_.bind<&TimeLimits::on_due>(this);
}

void TimeLimits::start_request(Request& request) {
    request.limit.due_by_default_ = request.times.received + request_time_;
    times_.start_at(request.limit, request.limit.due_by_default_);
}

void TimeLimits::start(HeldSignal& signal) {
    signal.limit.started_ = loop_.now();
    if (handler_time_ > Duration::zero()) {
        signal.limit.due_by_default_ = signal.limit.started_ + handler_time_;
        times_.start_at(signal.limit, signal.limit.due_by_default_);
    }
}

void TimeLimits::replace(TimeLimit& limit, Duration time) {
    if (limit.stage_ != TimeLimit::Stage::Running) {
        return;
    }
    limit.cancel();
    if (time > Duration::zero()) {
        times_.start_at(limit, loop_.refresh_now() + time);
    }
}

void TimeLimits::tighten(TimeLimit& limit, Duration time) {
    if (limit.stage_ != TimeLimit::Stage::Running) {
        return;
    }
    limit.cancel();
    TimePoint due = limit.due_by_default_;
    if (time > Duration::zero()) {
        due = std::min(due, loop_.refresh_now() + time);
    }
    if (due != TimePoint::max()) {
        times_.start_at(limit, due);
    }
}

void TimeLimits::on_due(TimeLimit& limit) noexcept {
    if (limit.request_ == nullptr) {
        if (limit.signal_->runner != nullptr) {
            press(limit, limit.signal_->runner);
        }
    } else if (limit.request_->runner != nullptr) {
        const RequestRef kept(*limit.request_);
        press(limit, limit.request_->runner);
    } else {
        Exchange& exchange = *limit.request_->exchange;
        exchange.attempt([&exchange] { exchange.request_timed_out(); });
    }
}

// For the log: what takes too long, its age, and the id if it is a request.
TimeLimits::Words TimeLimits::words_for(const TimeLimit& limit) const {
    const auto age = [this](TimePoint begin) {
        return fmt::format("{:.1f} s", std::chrono::duration<double>(loop_.now() - begin).count());
    };
    if (const Request* const request = limit.request_) {
        return {fmt::format("{} {}", request->head.method, request->head.path),
                age(request->times.received), fmt::format(" (request {})", request->id)};
    }
    return {fmt::format("the handler of signal {}", limit.signal_->claim.routing.number),
            age(limit.started_), ""};
}

// The greenlet may end, and the limit be destroyed, before interrupt() returns.
void TimeLimits::press(TimeLimit& limit, Greenlet* greenlet) noexcept {
    using Stage = TimeLimit::Stage;
    Application& application = admission_.application();
    const auto [subject, age, id] = words_for(limit);
    const std::string stack = application.stack_of(greenlet);
    switch (limit.stage_) {
        case Stage::Running:
            limit.stage_ = Stage::TimedOut;
            log::warning("{} has taken {}, its time is over{}:\n{}", subject, age, id, stack);
            count_late(limit);
            mercy_.start(limit);
            application.interrupt(greenlet, Interruption::Timeout);
            break;
        case Stage::TimedOut:
            limit.stage_ = Stage::Exited;
            log::warning("{} went on after its RequestTimeout and gets GreenletExit, {} old{}:\n{}",
                         subject, age, id, stack);
            mercy_.start(limit);
            application.interrupt(greenlet, Interruption::Exit);
            break;
        case Stage::Exited:
        case Stage::Lost:
            limit.stage_ = Stage::Lost;
            log::error(
                "{} survived GreenletExit, {} old: {}this worker is replaced{}:\n{}", subject, age,
                limit.request_ != nullptr ? "its connection is aborted and " : "", id, stack);
            give_up(limit);
            break;
    }
}

void TimeLimits::count_late(const TimeLimit& limit) {
    if (limit.request_ != nullptr) {
        accounts_.timed_out();
    } else {
        accounts_.handler_timed_out();
    }
}

void TimeLimits::give_up(TimeLimit& limit) noexcept {
    accounts_.unstoppable();
    if (limit.request_ != nullptr) {
        admission_.lost();
    }
    tell_lost_();
    if (limit.request_ != nullptr) {
        limit.request_->exchange->reset();
    }
}

}  // namespace geventd::worker
