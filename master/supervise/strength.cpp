// SPDX-License-Identifier: MIT
#include "master/supervise/strength.h"

#include <algorithm>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

Strength::Strength(const Services& services, Pool& workers, const config::Workers& settings,
                   int former_workers)
    : services_(services), workers_(workers), first_(settings.processes) {
    if (settings.cheaper > 0) {
        scaling_.emplace(settings.cheaper, settings.processes);
        first_ = std::clamp(former_workers, settings.cheaper, settings.processes);
    }
}

void Strength::boot() {
    workers_.resize(static_cast<std::size_t>(first_));
}

void Strength::resize(int count) {
    services_.signals.resize(static_cast<unsigned>(count));
    if (scaling_) {
        scaling_->set_most(count);
    } else {
        workers_.resize(static_cast<std::size_t>(count));
    }
}

int Strength::most() const {
    if (scaling_) {
        return scaling_->most();
    }
    return is_aside() ? normal() : count();
}

void Strength::scale(const LaunchKit& kit, TimePoint now) {
    if (!may_scale() || !scaling_->is_due(now)) {
        return;
    }
    Load load = workers_.load(now);
    load.backlog = kit.backlog();
    const int wanted = scaling_->look(count(), load, now);
    if (wanted != count()) {
        log::info("{} workers from now on, {} before: {}", wanted, count(), scaling_->reason());
        workers_.resize(static_cast<std::size_t>(wanted));
        workers_.maintain(now);
    }
}

TimePoint Strength::next_look() const {
    return may_scale() ? scaling_->next_look() : TimePoint::max();
}

void Strength::remember() {
    if (full_ == 0) {
        full_ = workers_.size();
    }
}

void Strength::make_room(int successors) {
    remember();
    const auto gone = std::min(static_cast<std::size_t>(successors), full_ - 1);
    workers_.resize(full_ - gone);
}

void Strength::step_aside() {
    remember();
    workers_.resize(0, ipc::DrainReason::Refresh);
}

bool Strength::restore() {
    const std::size_t full = std::exchange(full_, 0);
    if (full != 0) {
        workers_.resize(full);
    }
    return full != 0;
}

}  // namespace geventd::master
