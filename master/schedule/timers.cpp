// SPDX-License-Identifier: MIT
#include "master/schedule/timers.h"

#include <stdexcept>

namespace geventd::master {

void Timers::add(std::uint64_t id, const TimerPlan& plan, TimePoint now) {
    if (plan.period.count() <= 0) {
        throw std::invalid_argument("timer: the period must be above zero");
    }
    remove(id);
    const TimePoint next = now + plan.period;
    timers_[id] = {plan, next, plan.iterations};
    order_.emplace(next, id);
}

void Timers::remove(std::uint64_t id) {
    const auto found = timers_.find(id);
    if (found != timers_.end()) {
        order_.erase({found->second.next, id});
        timers_.erase(found);
    }
}

std::vector<std::uint64_t> Timers::due(TimePoint now) {
    std::vector<std::uint64_t> ids;
    while (!order_.empty() && order_.begin()->first <= now) {
        const std::uint64_t id = order_.begin()->second;
        order_.erase(order_.begin());
        ids.push_back(id);
        Timer& timer = timers_[id];
        if (timer.plan.iterations != 0 && --timer.left == 0) {
            timers_.erase(id);
            continue;
        }
        if (timer.plan.kind == TimerPlan::Kind::Chain) {
            timer.next = now + timer.plan.period;
        } else {
            const auto missed = (now - timer.next) / timer.plan.period;
            timer.next += timer.plan.period * (missed + 1);
        }
        order_.emplace(timer.next, id);
    }
    return ids;
}

void Timers::move(std::uint64_t id, TimePoint next) {
    Timer& timer = timers_.at(id);
    order_.erase({timer.next, id});
    timer.next = next;
    order_.emplace(next, id);
}

std::optional<TimePoint> Timers::next() const {
    if (order_.empty()) {
        return std::nullopt;
    }
    return order_.begin()->first;
}

}  // namespace geventd::master
