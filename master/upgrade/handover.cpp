// SPDX-License-Identifier: MIT
#include "master/upgrade/handover.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <fmt/core.h>

namespace geventd::master {

void Handover::enter(State state, TimePoint deadline) {
    state_ = state;
    deadline_ = deadline;
    slow_at_ = TimePoint::max();
}

void Handover::begin(TimePoint now, Patience patience) {
    patience_ = patience;
    reason_.clear();
    told_to_go_ = false;
    slow_ = false;
    try {
        pid_ = actions_.start_successor();
    } catch (const std::exception& error) {
        actions_.give_up(error.what());
        return;
    }
    enter(State::Starting, now + kHelloPatience);
}

void Handover::start_loading(TimePoint now) {
    const bool has_limit = patience_.limit > Duration::zero();
    enter(State::Loading, has_limit ? now + patience_.limit + kBootPatience : TimePoint::max());
    slow_at_ = patience_.slow > Duration::zero() ? now + patience_.slow : TimePoint::max();
}

void Handover::on_message(std::string_view type, std::string_view reason, TimePoint now) {
    if (type == "failed" && is_busy()) {
        if (state_ != State::Failing) {
            fail(std::string(reason), kLastWords, now);
        }
    } else if (type == "hello" && state_ == State::Starting) {
        start_loading(now);
    } else if (type == "slow" && state_ == State::Loading) {
        slow_ = true;
    } else if (type == "ready" && state_ == State::Loading) {
        enter(State::HandingOver, now + kStepPatience);
        try {
            if (!actions_.hand_over()) {
                fail({}, Duration::zero(), now);
            }
        } catch (const std::exception& error) {
            fail(fmt::format("what the new master needs cannot be handed over: {}", error.what()),
                 Duration::zero(), now);
        }
    } else if (type == "taken" && state_ == State::HandingOver) {
        if (!actions_.let_lead()) {
            return fail({}, Duration::zero(), now);
        }
        enter(State::Left, TimePoint::max());
        actions_.leave();
    }
}

// The exit status will tell more.
void Handover::on_hang_up(TimePoint now) {
    if (is_busy() && state_ != State::Failing) {
        fail({}, kLastWords, now);
    }
}

void Handover::fail(std::string reason, Duration patience, TimePoint now) {
    const bool handed_over = state_ == State::HandingOver;
    reason_ = std::move(reason);
    enter(State::Failing, now + patience);
    if (handed_over) {
        actions_.take_back();
    }
    check_deadline(now);
}

bool Handover::on_exit(const ChildExit& exit) {
    if (pid_ == 0 || exit.pid != pid_) {
        return false;
    }
    pid_ = 0;
    if (!is_busy()) {
        return true;
    }
    if (state_ == State::HandingOver) {
        actions_.take_back();
    }
    if (reason_.empty()) {
        reason_ = fmt::format(
            "the new master ended before it was ready: {}",
            describe(exit, told_to_go_ ? "it had stopped talking and did not end by itself" : ""));
    }
    enter(State::Idle, TimePoint::max());
    actions_.give_up(reason_);
    return true;
}

void Handover::abort(TimePoint now, const std::string& reason) {
    if (is_busy()) {
        fail(reason, Duration::zero(), now);
    }
}

void Handover::check_deadline(TimePoint now) {
    if (now >= slow_at_) {
        slow_ = true;
        slow_at_ = TimePoint::max();
    }
    if (now < deadline_) {
        return;
    }
    if (state_ == State::Failing) {
        deadline_ = now + kLastWords;
        if (pid_ != 0) {
            actions_.end_successor(pid_, std::exchange(told_to_go_, true));
        }
    } else if (state_ == State::Starting) {
        fail("the new master says nothing: is the program a geventd?", Duration::zero(), now);
    } else if (state_ == State::Loading) {
        fail(fmt::format(
                 "the new master was not ready after {} minutes",
                 std::chrono::ceil<std::chrono::minutes>(patience_.limit + kBootPatience).count()),
             Duration::zero(), now);
    } else if (state_ == State::HandingOver) {
        fail("the new master did not take over", Duration::zero(), now);
    }
}

TimePoint Handover::next_deadline() const {
    return std::min(deadline_, slow_at_);
}

}  // namespace geventd::master
