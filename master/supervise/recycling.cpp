// SPDX-License-Identifier: MIT
#include "master/supervise/recycling.h"

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

namespace geventd::master {

std::string Recycling::reason(const WorkerHandle& worker, TimePoint now) const {
    if (worker.state() != WorkerHandle::State::Ready) {
        return {};
    }
    if (worker.due()) {
        switch (*worker.due()) {
            case ipc::Due::Unstoppable:
                return "a greenlet in it cannot be ended";
            case ipc::Due::LostListener:
                return "its application has closed a listening socket in it";
            case ipc::Due::LostLine:
                return "its application has closed its line to the master";
            case ipc::Due::ServedEnough:
                break;
        }
        return "it has served its number of requests";
    }
    if (worker.insight() != nullptr && worker.insight()->hub().is_past_limit()) {
        return "its hub is blocked for more than limits.kill-blocked-hub";
    }
    if (max_lifetime_ > Duration::zero() && now - worker.born() >= max_lifetime_) {
        return "it has reached workers.max-lifetime";
    }
    if (max_rss_ > 0) {
        const std::uint64_t rss = processes_.resident_bytes(worker.pid());
        if (rss > max_rss_) {
            return fmt::format("it holds {} MiB of memory, more than workers.reload-on-rss",
                               rss >> 20);
        }
    }
    return {};
}

TimePoint Recycling::next_look(const WorkerHandle& worker, TimePoint now) const {
    TimePoint next = TimePoint::max();
    if (worker.state() != WorkerHandle::State::Ready) {
        return next;
    }
    if (max_lifetime_ > Duration::zero()) {
        next = std::max(worker.born() + max_lifetime_, now);
    }
    if (max_rss_ > 0) {
        next = std::min(next, now + kLookEvery);
    }
    return next;
}

}  // namespace geventd::master
