// SPDX-License-Identifier: MIT
#include "master/supervise/scaling.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace geventd::master {

Duration common_lag(std::vector<Duration> lags) {
    if (lags.empty()) {
        return Duration::zero();
    }
    const auto middle = lags.begin() + static_cast<std::ptrdiff_t>((lags.size() - 1) / 2);
    std::nth_element(lags.begin(), middle, lags.end());
    return *middle;
}

void Scaling::set_most(int most) {
    most_ = most;
    least_ = std::min(cheaper_, most);
    next_look_ = TimePoint{};
}

std::string Scaling::pressure(const Load& load) const {
    if (load.queued > 0) {
        return fmt::format("{} requests wait for a core", load.queued);
    }
    if (load.backlog > 0) {
        return fmt::format("{} connections wait", load.backlog);
    }
    if (static_cast<double>(load.busy) >= tuning_.crowded * static_cast<double>(load.cores)) {
        return fmt::format("{} of {} cores are busy", load.busy, load.cores);
    }
    if (load.lag >= tuning_.late) {
        return fmt::format("hubs are late by {} ms",
                           std::chrono::duration_cast<std::chrono::milliseconds>(load.lag).count());
    }
    return {};
}

bool Scaling::has_room(int wanted, const Load& load) const {
    const auto cores_of_one = static_cast<double>(load.cores) / load.ready;
    return wanted > least_ && load.ready == wanted && load.queued == 0 && load.backlog == 0 &&
           load.lag < tuning_.prompt &&
           static_cast<double>(load.busy) <= tuning_.roomy * cores_of_one * (wanted - 1);
}

int Scaling::look(int wanted, const Load& load, TimePoint now) {
    next_look_ = now + tuning_.look_every;
    if (wanted != std::clamp(wanted, least_, most_)) {
        reason_ = "by hand";
        return std::clamp(wanted, least_, most_);
    }
    if (load.starting > 0 || load.ready == 0) {
        return wanted;  // the load will change when they are ready
    }
    reason_ = pressure(load);
    const bool pressed = !reason_.empty();
    if (!std::exchange(pressed_, pressed) || !pressed) {
        if (pressed || !has_room(wanted, load)) {
            calm_since_ = TimePoint::max();
            return wanted;
        }
        return shrink(wanted, now);
    }
    return grow(wanted, load, now);
}

int Scaling::grow(int wanted, const Load& load, TimePoint now) {
    calm_since_ = TimePoint::max();
    if (wanted >= most_) {
        return wanted;
    }
    if (last_down_ != TimePoint::min() && now - last_down_ < 2 * calm_) {
        calm_ = std::min(2 * calm_, tuning_.longest_calm);
        last_down_ = TimePoint::min();
    }
    last_up_ = now;
    pressed_ = false;
    const bool full =
        static_cast<double>(load.busy) >= tuning_.full * static_cast<double>(load.cores);
    return std::min(wanted + (full ? std::max(1, wanted / 2) : 1), most_);
}

int Scaling::shrink(int wanted, TimePoint now) {
    if (last_up_ == TimePoint::min() || now - last_up_ > 3 * tuning_.longest_calm) {
        calm_ = tuning_.calm;
    }
    calm_since_ = std::min(calm_since_, now);
    if (now - calm_since_ < calm_) {
        return wanted;
    }
    calm_since_ = now;
    last_down_ = now;
    reason_ = "there is little to do";
    return wanted - 1;
}

}  // namespace geventd::master
