// SPDX-License-Identifier: MIT
#include "master/signals/ticker.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "log/logger.h"
#include "schedule/plan.h"

namespace geventd::master {

namespace {

// Ticks do not come in one turn after the other.
constexpr std::chrono::milliseconds kSoonest{1};

}  // namespace

Ticker::Ticker(event::Loop& loop, event::DeadlineClock& clock, Tick tick)
    : loop_(loop), timer_(clock), monitor_io_(loop), tick_(std::move(tick)) {
    timer_.bind<&Ticker::on_time>(this);
    monitor_io_.bind<Ticker, &Ticker::on_change>(this);
}

ScheduleTime Ticker::now() {
    return {loop_.refresh_now(), std::time(nullptr)};
}

void Ticker::add(std::uint32_t generation, std::uint8_t number, std::string_view plan,
                 std::string_view who, const Identity* application) {
    const auto added = schedule::parse_plan(plan).and_then([&](const SchedulePlan& parsed) {
        return scheduler_.add(generation, number, parsed, now(), application);
    });
    if (!added) {
        log::error("{}: signal {} will not tick by '{}': {}", who, number, plan,
                   added.error().message);
    }
    arm();
}

void Ticker::repeat(std::uint8_t number, std::string_view plan) {
    if (const auto parsed = schedule::parse_plan(plan)) {
        scheduler_.repeat(number, *parsed, now());
        arm();
    }
}

void Ticker::serve(std::uint32_t generation) {
    for (const std::string& failure : scheduler_.serve(generation, now())) {
        log::error("generation {}: {}", generation, failure);
    }
    if (!served_ && !restored_) {
        scheduler_.restart_timers(now());
    }
    served_ = true;
    arm();
}

void Ticker::forget(std::uint32_t generation) {
    scheduler_.forget(generation);
    arm();
}

void Ticker::on_time() noexcept {
    for (const std::uint8_t number : scheduler_.due(now())) {
        tick_(number);
    }
    arm();
}

void Ticker::on_change(int) noexcept {
    for (const std::uint8_t number : scheduler_.changed()) {
        tick_(number);
    }
}

void Ticker::hold() {
    held_ = true;
    timer_.cancel();
    monitor_io_.stop();
}

void Ticker::resume() {
    held_ = false;
    arm();
}

Ticker::Saved Ticker::save_and_hold() {
    const ScheduleTime moment = now();
    if (served_) {
        for (const std::uint8_t number : scheduler_.due(moment)) {
            tick_(number);
        }
        on_change(0);
    }
    hold();
    return {scheduler_.save(), moment.wall};
}

void Ticker::restore(const Saved& saved) {
    scheduler_.restore(saved.timers, saved.moment);
    restored_ = true;
}

void Ticker::arm() {
    if (held_ || !served_) {
        return;
    }
    if (scheduler_.monitor_fd() >= 0 && !monitor_io_.active()) {
        monitor_io_.watch(scheduler_.monitor_fd(), event::Io::kRead);
    }
    const auto wait = scheduler_.next_wait(now());
    if (!wait) {
        timer_.cancel();
        return;
    }
    timer_.start(std::max(*wait, kSoonest));
}

}  // namespace geventd::master
