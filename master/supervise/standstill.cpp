// SPDX-License-Identifier: MIT
#include "master/supervise/standstill.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"

namespace geventd::master {

namespace {

TimePoint after(TimePoint now, Duration delay) {
    return delay == Duration::zero() ? TimePoint::max() : now + delay;
}

}  // namespace

void Standstill::begin(TimePoint now, std::string_view task, Limits limits) {
    task_ = task;
    limits_ = limits;
    begun_ = now;
    told_ = false;
    place_.clear();
    tell_at_ = after(now, limits.tell);
    limit_at_ = after(now, limits.limit);
    wait();
}

void Standstill::end() {
    state_ = State::Idle;
    next_look_ = TimePoint::max();
}

void Standstill::wait() {
    state_ = State::Waiting;
    next_look_ = std::min(tell_at_, limit_at_);
}

void Standstill::look(TimePoint now) {
    if (now < next_look_) {
        return;
    }
    if (state_ == State::Waiting) {
        ask(now);
    } else if (state_ == State::Asked) {
        const auto stack = stacks_.look(now);
        if (!stack) {
            next_look_ = now + StackFile::kPause;
        } else if (stack->empty()) {
            conclude(now, "where it stands cannot be told: it does not even take a signal");
        } else {
            conclude(now, "it stands at:\n" + *stack);
        }
    }
}

void Standstill::ask(TimePoint now) {
    const char state = process_.process_state();
    if (state == 'T' || state == 't') {
        conclude(now, "it is stopped (T: by SIGSTOP, a terminal or a debugger)");
    } else if (state == 'D') {
        conclude(now, "it waits in the kernel (D), as for a disk or a network file system");
    } else if (!stacks_.is_open()) {
        conclude(now, "where it stands cannot be told: its Python has not got so far");
    } else {
        state_ = State::Asked;
        stacks_.expect(now);
        process_.ask_for_stack(ipc::StackOf::HubThread);
        next_look_ = now + StackFile::kPause;
    }
}

void Standstill::conclude(TimePoint now, std::string place) {
    place_ = std::move(place);
    if (now >= limit_at_) {
        state_ = State::Over;
        next_look_ = TimePoint::max();
        return;
    }
    told_ = true;
    log::warning("{} has been {} for {}; {}", process_.subject(), task_, duration(now), place_);
    tell_at_ = std::max(begun_ + 2 * (tell_at_ - begun_), now + limits_.tell);
    wait();
}

std::string Standstill::duration(TimePoint now) const {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(now - begun_).count());
}

}  // namespace geventd::master
