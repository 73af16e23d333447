// SPDX-License-Identifier: MIT
#include "master/supervise/hub_watch.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

namespace {

using namespace std::chrono_literals;

// The interval between two questions, and so the longest delay in noticing a block.
constexpr Duration kPause = 500ms;
constexpr Duration kShortestPause = 20ms;

// A master that is later than this has stood still itself and cannot judge the workers.
constexpr Duration kTolerance = 200ms;

constexpr auto kRelaxed = std::memory_order_relaxed;

std::int64_t nanoseconds(TimePoint time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// True when the hub is idle but cannot return from waiting: another thread holds the GIL.
bool waits_in_loop(std::string_view stack) {
    stack.remove_prefix(std::min(stack.find("  File "), stack.size()));
    const std::string_view innermost = stack.substr(0, stack.find('\n'));
    return innermost.find("/gevent/hub.py\"") != std::string_view::npos &&
           innermost.find(" in run") != std::string_view::npos;
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

bool HubWatch::answered() const {
    return slot_.hub_answered.load(std::memory_order_acquire) == question_;
}

std::uint64_t HubWatch::lag() const {
    return std::min(slot_.hub_lag.load(kRelaxed), kMostLag);
}

Duration HubWatch::lateness(TimePoint now) const {
    if (!answered()) {
        return now.time_since_epoch() - std::chrono::nanoseconds(question_);
    }
    return std::chrono::microseconds(lag());
}

Duration HubWatch::pause() const {
    return limits_.blocked == Duration::zero()
               ? kPause
               : std::clamp(limits_.blocked / 2, kShortestPause, kPause);
}

Duration HubWatch::silence(TimePoint now) const {
    return stacks_.is_open() && !answered() ? now - asked_ : Duration::zero();
}

TimePoint HubWatch::look(TimePoint now) {
    if (!stacks_.is_open()) {
        return TimePoint::max();
    }
    if (const TimePoint until = over_until(now); now < until) {
        return until;
    }
    if (now < expected_) {
        return expected_;
    }
    if (now > expected_ + kTolerance && expected_ != TimePoint()) {
        asked_ += now - expected_;
    }
    if (answered()) {
        past_limit_ = false;
        if (state_ == State::Stuck) {
            report(now, stack());  // the signal for the stack may have interrupted the block
        }
        if (state_ == State::Reported) {
            recover(now);
        }
        ask(now);
        expected_ = now + pause();
    } else {
        expected_ = go_on_waiting(now);
    }
    return expected_;
}

// A worker may report that its hub has ended; this is believed for the longest time a drain takes.
TimePoint HubWatch::over_until(TimePoint now) {
    if (slot_.hub_over.load(kRelaxed) == 0) {
        return TimePoint::min();
    }
    if (over_until_ == TimePoint()) {
        over_until_ = now + limits_.drain;
    }
    return over_until_;
}

void HubWatch::ask(TimePoint now) {
    asked_ = now;
    former_question_ = std::exchange(question_, nanoseconds(now));
    slot_.hub_asked.store(question_, kRelaxed);
    worker_.ask_for_pulse();
}

TimePoint HubWatch::go_on_waiting(TimePoint now) {
    heal();
    const Duration silent = now - asked_;
    if (limits_.blocked > Duration::zero()) {
        if (state_ == State::Turning && silent >= limits_.blocked) {
            get_stuck(now);
        } else if (state_ == State::Stuck) {
            look_for_stack(now);
        }
    }
    if (state_ == State::Stuck) {
        return now + StackFile::kPause;
    }
    if (limits_.kill > Duration::zero() && silent >= limits_.kill) {
        past_limit_ = true;
    }
    return now + pause();
}

// The application may overwrite question or answer in shared memory; then asks again, as no valid
// answer would ever come.
void HubWatch::heal() {
    const std::int64_t answered = slot_.hub_answered.load(kRelaxed);
    if (slot_.hub_asked.load(kRelaxed) != question_ ||
        (answered != question_ && answered != former_question_)) {
        slot_.hub_answered.store(former_question_, kRelaxed);
        slot_.hub_asked.store(question_, kRelaxed);
        worker_.ask_for_pulse();
    }
}

void HubWatch::get_stuck(TimePoint now) {
    state_ = State::Stuck;
    blocked_since_ = asked_;
    ++blocks_;
    slot_.hub_blocked.store(nanoseconds(asked_), kRelaxed);
    slot_.hub_blocks.store(blocks_, kRelaxed);
    ask_for_stack(now, ipc::StackOf::HubThread);
}

void HubWatch::ask_for_stack(TimePoint now, ipc::StackOf which) {
    stacks_.expect(now);
    stack_of_ = which;
    worker_.ask_for_stack(which);
}

void HubWatch::look_for_stack(TimePoint now) {
    const auto text = stacks_.look(now);
    if (!text) {
        return;
    }
    if (stack_of_ == ipc::StackOf::HubThread && waits_in_loop(*text)) {
        ask_for_stack(now, ipc::StackOf::AllThreads);
    } else {
        report(now, *text);
    }
}

void HubWatch::report(TimePoint now, const std::string& text) {
    state_ = State::Reported;
    log::warning("the hub of {} has not turned for {:.1f} s, blocked by:\n{}", worker_.title(),
                 seconds(now - asked_),
                 text.empty() ? "(the process does not even take a signal: it is stopped, or waits "
                                "in the kernel)"
                              : text);
}

void HubWatch::recover(TimePoint now) {
    log::info("the hub of {} turns again; it was blocked for about {:.1f} s", worker_.title(),
              seconds(now - asked_));
    state_ = State::Turning;
    past_limit_ = false;
    slot_.hub_blocked.store(0, kRelaxed);
}

}  // namespace geventd::master
