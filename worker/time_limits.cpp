// SPDX-License-Identifier: MIT
#include "worker/time_limits.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "log/logger.h"
#include "worker/accounts.h"
#include "worker/admission.h"
#include "worker/exchange.h"
#include "worker/held_signal.h"

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
      times_(
          clock, Duration::zero(),
          [](void* self, event::Deadline& deadline) noexcept {
              static_cast<TimeLimits*>(self)->on_due(static_cast<TimeLimit&>(deadline));
          },
          this),
      mercy_(
          clock, kMercy,
          [](void* self, event::Deadline& deadline) noexcept {
              static_cast<TimeLimits*>(self)->on_due(static_cast<TimeLimit&>(deadline));
          },
          this) {}

double TimeLimits::seconds_since(TimePoint begin) const {
    return std::chrono::duration<double>(loop_.now() - begin).count();
}

void TimeLimits::start_request(Request& request) {
    request.limit.due_by_default_ = request.received + request_time_;
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

// The greenlet may end, and the limit with it, before the throw returns.
void TimeLimits::on_due(TimeLimit& limit) noexcept {
    if (limit.request_ != nullptr) {
        press_request(limit, *limit.request_);
    } else {
        press_handler(limit, *limit.signal_);
    }
}

void TimeLimits::press_request(TimeLimit& limit, Request& request) noexcept {
    using Stage = TimeLimit::Stage;
    if (request.runner == nullptr) {
        Exchange& exchange = *request.exchange;
        exchange.attempt([&exchange] { exchange.out_of_time(); });
        return;
    }
    const RequestRef kept(request);
    Application& application = admission_.application();
    const double age = seconds_since(request.received);
    switch (std::exchange(limit.stage_, static_cast<Stage>(static_cast<int>(limit.stage_) + 1))) {
        case Stage::Running:
            accounts_.timed_out();
            log::warning("{} {} has taken {:.1f} s, its time is over (request {}):\n{}",
                         request.head.method, request.head.path, age, request.id,
                         application.stack_of(request.runner));
            mercy_.start(limit);
            application.interrupt(request.runner, Interruption::Timeout);
            break;
        case Stage::TimedOut:
            log::warning(
                "{} {} went on after its RequestTimeout and gets GreenletExit, {:.1f} s "
                "old (request {}):\n{}",
                request.head.method, request.head.path, age, request.id,
                application.stack_of(request.runner));
            mercy_.start(limit);
            application.interrupt(request.runner, Interruption::Exit);
            break;
        default:
            log::error(
                "{} {} survived GreenletExit, {:.1f} s old: its connection is aborted and "
                "this worker is replaced (request {}):\n{}",
                request.head.method, request.head.path, age, request.id,
                application.stack_of(request.runner));
            accounts_.unstoppable();
            admission_.lost();
            tell_lost_();
            request.exchange->give_up();
            break;
    }
}

void TimeLimits::press_handler(TimeLimit& limit, HeldSignal& signal) noexcept {
    using Stage = TimeLimit::Stage;
    Application& application = admission_.application();
    const auto number = signal.claim.routing.number;
    const double age = seconds_since(limit.started_);
    switch (std::exchange(limit.stage_, static_cast<Stage>(static_cast<int>(limit.stage_) + 1))) {
        case Stage::Running:
            accounts_.handler_timed_out();
            log::warning("the handler of signal {} has taken {:.1f} s, its time is over:\n{}",
                         number, age, application.stack_of(signal.runner));
            mercy_.start(limit);
            application.interrupt(signal.runner, Interruption::Timeout);
            break;
        case Stage::TimedOut:
            log::warning(
                "the handler of signal {} went on after its RequestTimeout and gets "
                "GreenletExit, {:.1f} s old",
                number, age);
            mercy_.start(limit);
            application.interrupt(signal.runner, Interruption::Exit);
            break;
        default:
            log::error(
                "the handler of signal {} survived GreenletExit, {:.1f} s old: this worker "
                "is replaced:\n{}",
                number, age, application.stack_of(signal.runner));
            accounts_.unstoppable();
            tell_lost_();
            break;
    }
}

}  // namespace geventd::worker
