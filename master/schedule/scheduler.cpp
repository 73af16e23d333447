// SPDX-License-Identifier: MIT
#include "master/schedule/scheduler.h"

#include <algorithm>
#include <exception>
#include <sstream>

namespace geventd::master {

namespace {

constexpr std::chrono::seconds kLongestCronWait{30};

}  // namespace

Result<void> Scheduler::add(std::uint32_t generation, std::uint8_t number, const SchedulePlan& plan,
                            const ScheduleTime& now, const Identity* application) {
    if (Result<void> checked = schedule::check_plan(plan, now.wall); !checked) {
        return checked;
    }
    if (serving_ == 0) {
        serving_ = generation;
    }
    if (generation < serving_) {
        return {};  // a draining worker's; its successors have registered
    }
    auto at = entries_.find(Key{number, plan});
    const bool is_known = at != entries_.end() && at->second.generations.contains(generation);
    if (application != nullptr && !is_known && ++asked_[generation] > kMostOfApplication) {
        return failure("it has too many timers, cron entries and monitors");
    }
    if (at == entries_.end()) {
        at = entries_.try_emplace(Key{number, plan}).first;
        at->second.id = ++last_id_;
        at->second.rights = application != nullptr ? *application : Identity();
    }
    Entry& entry = at->second;
    entry.generations.insert(generation);
    if (entry.active || generation != serving_) {
        return {};
    }
    Result<void> activated = activate(at->first, entry, now);
    if (!activated) {
        entries_.erase(at);
    }
    return activated;
}

void Scheduler::repeat(std::uint8_t number, const SchedulePlan& plan, const ScheduleTime& now) {
    const auto* timer = std::get_if<TimerPlan>(&plan);
    const Key key{number, plan};
    const auto at = entries_.find(key);
    if (timer != nullptr && at != entries_.end() && at->second.active &&
        !timers_.runs(at->second.id)) {
        timers_.add(at->second.id, *timer, now.steady);
    }
}

Result<void> Scheduler::activate(const Key& key, Entry& entry, const ScheduleTime& now) {
    try {
        if (const auto* timer = std::get_if<TimerPlan>(&key.second)) {
            timers_.add(entry.id, *timer, now.steady);
        } else if (const auto* cron = std::get_if<CronEntry>(&key.second)) {
            crons_.add(entry.id, *cron, now.wall);
        } else {
            files_.add(entry.id, std::get<MonitorPlan>(key.second).path, entry.rights);
        }
    } catch (const std::exception& error) {
        return failure(error.what());
    }
    entry.active = true;
    active_[entry.id] = key.first;
    return {};
}

void Scheduler::deactivate(const Key& key, Entry& entry) {
    if (!entry.active) {
        return;
    }
    switch (key.second.index()) {
        case 0:
            timers_.remove(entry.id);
            break;
        case 1:
            crons_.remove(entry.id);
            break;
        default:
            files_.remove(entry.id);
            break;
    }
    active_.erase(entry.id);
    entry.active = false;
}

std::vector<std::string> Scheduler::serve(std::uint32_t generation, const ScheduleTime& now) {
    std::vector<std::string> failures;
    if (generation == serving_) {
        return failures;
    }
    serving_ = generation;
    std::erase_if(asked_, [&](const auto& one) { return one.first < generation; });
    for (auto at = entries_.begin(); at != entries_.end();) {
        Entry& entry = at->second;
        if (!entry.generations.contains(generation)) {
            deactivate(at->first, entry);
        } else {
            const auto* timer = std::get_if<TimerPlan>(&at->first.second);
            if (!entry.active || (timer != nullptr && timer->iterations != 0)) {
                deactivate(at->first, entry);
                const Result<void> activated = activate(at->first, entry, now);
                if (!activated) {
                    failures.push_back(activated.error().message);
                }
            }
        }
        std::erase_if(entry.generations, [&](std::uint32_t one) { return one < generation; });
        at = entry.generations.empty() ? entries_.erase(at) : std::next(at);
    }
    return failures;
}

void Scheduler::restart_timers(const ScheduleTime& now) {
    for (const auto& [key, entry] : entries_) {
        if (const auto* timer = std::get_if<TimerPlan>(&key.second); timer && entry.active) {
            timers_.add(entry.id, *timer, now.steady);
        }
    }
}

void Scheduler::forget(std::uint32_t generation) {
    asked_.erase(generation);
    for (auto at = entries_.begin(); at != entries_.end();) {
        at->second.generations.erase(generation);
        if (at->second.generations.empty()) {
            deactivate(at->first, at->second);
            at = entries_.erase(at);
        } else {
            ++at;
        }
    }
}

std::set<std::uint8_t> Scheduler::due(const ScheduleTime& now) {
    std::set<std::uint8_t> numbers;
    for (const std::uint64_t id : timers_.due(now.steady)) {
        numbers.insert(active_.at(id));
    }
    for (const std::uint64_t id : crons_.due(now.wall)) {
        numbers.insert(active_.at(id));
    }
    return numbers;
}

// One line each: NUMBER PERIOD CHAIN NEXT, in milliseconds, 0 or 1, steady nanoseconds.
std::string Scheduler::save() const {
    std::string text;
    for (const auto& [key, entry] : entries_) {
        const auto* timer = std::get_if<TimerPlan>(&key.second);
        if (timer != nullptr && entry.active && timer->iterations == 0) {
            const std::chrono::nanoseconds next = timers_.next_of(entry.id).time_since_epoch();
            text += std::to_string(key.first) + ' ' + std::to_string(timer->period.count()) +
                    (timer->kind == TimerPlan::Kind::Chain ? " 1 " : " 0 ") +
                    std::to_string(next.count()) + '\n';
        }
    }
    return text;
}

void Scheduler::restore(const std::string& saved, std::time_t moment) {
    crons_.start_from(moment);
    std::istringstream lines(saved);
    unsigned number = 0;
    std::int64_t period = 0;
    int chain = 0;
    std::int64_t next = 0;
    while (lines >> number >> period >> chain >> next) {
        TimerPlan plan;
        plan.period = std::chrono::milliseconds(period);
        plan.kind = chain != 0 ? TimerPlan::Kind::Chain : TimerPlan::Kind::Grid;
        const auto found = entries_.find(Key{static_cast<std::uint8_t>(number), plan});
        if (found != entries_.end() && found->second.active) {
            timers_.move(found->second.id, TimePoint(std::chrono::nanoseconds(next)));
        }
    }
}

std::set<std::uint8_t> Scheduler::changed() {
    std::set<std::uint8_t> numbers;
    for (const std::uint64_t id : files_.changed()) {
        numbers.insert(active_.at(id));
    }
    return numbers;
}

std::optional<std::chrono::milliseconds> Scheduler::next_wait(const ScheduleTime& now) {
    using std::chrono::milliseconds;
    std::optional<milliseconds> wait;
    if (const std::optional<TimePoint> timer = timers_.next()) {
        wait = std::chrono::ceil<milliseconds>(*timer - now.steady);
    }
    if (const std::optional<std::time_t> cron = crons_.next()) {
        const std::chrono::seconds until(*cron - now.wall);
        const milliseconds capped(std::min(until, kLongestCronWait));
        wait = wait ? std::min(*wait, capped) : capped;
    }
    if (wait) {
        wait = std::max(*wait, milliseconds(0));
    }
    return wait;
}

}  // namespace geventd::master
