// SPDX-License-Identifier: MIT
#include "master/observe/history.h"

#include <algorithm>
#include <numeric>

#include "master/observe/memory.h"

namespace geventd::master {

namespace {

void add(shm::DurationCounts& sum, const shm::DurationCounts& counts) {
    std::transform(sum.begin(), sum.end(), counts.begin(), sum.begin(), std::plus<>());
}

// A worker's counters only grow, and never faster than this. Otherwise they were overwritten, and
// what happened meanwhile is unknown.
constexpr std::uint64_t kMostGrowth = std::uint64_t{1} << 40;

std::uint64_t growth(std::uint64_t newer, std::uint64_t older) {
    return newer > older && newer - older < kMostGrowth ? newer - older : 0;
}

shm::DurationCounts difference(const shm::DurationCounts& newer, const shm::DurationCounts& older) {
    shm::DurationCounts result;
    std::transform(newer.begin(), newer.end(), older.begin(), result.begin(), growth);
    return result;
}

template <typename Item>
void push(std::deque<Item>& newest, Item item, std::size_t most) {
    newest.push_back(std::move(item));
    if (newest.size() > most) {
        newest.pop_front();
    }
}

double per_second(std::uint64_t count, Duration time) {
    const double seconds = std::chrono::duration<double>(time).count();
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace

void History::add(const std::vector<GenerationStatus>& generations, TimePoint now,
                  std::chrono::system_clock::time_point wall) {
    for (auto& [slot, tracked] : tracked_) {
        tracked.seen = false;
    }
    HistoryPoint point;
    shm::DurationCounts second{};
    for (const GenerationStatus& generation : generations) {
        for (const WorkerStatus& worker : generation.workers) {
            if (worker.pid != 0) {
                add_worker(worker, point, second);
            }
        }
    }
    std::erase_if(tracked_, [](const auto& entry) { return !entry.second.seen; });
    point.ordinal = ++ordinal_;
    point.at = wall;
    point.span = newest_ == TimePoint{} ? std::chrono::seconds(1) : now - newest_;
    point.latency = Latency::of(second);
    newest_ = now;
    master::add(ended_.durations, second);
    push(seconds_, second, kLatencySeconds);
    push(points_, point, kPoints);
}

History::Counted History::read(const WorkerStatus& worker) const {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const shm::WorkerSlot& slot = board_.slots[worker.slot];
    return {slot.requests.load(kRelaxed), slot.errors.load(kRelaxed), slot.signals.load(kRelaxed),
            slot.busy_time.load(kRelaxed), slot.durations.read()};
}

History::Tracked& History::track(const WorkerStatus& worker) {
    Tracked& tracked = tracked_[worker.slot];
    if (tracked.pid != worker.pid) {
        tracked = {};
        tracked.pid = worker.pid;
    }
    tracked.seen = true;
    if (tracked.age++ % kRateSeconds == 0) {
        push(tracked.durations, tracked.newest.durations, kLatencySeconds / kRateSeconds);
    }
    return tracked;
}

void History::add_worker(const WorkerStatus& worker, HistoryPoint& point,
                         shm::DurationCounts& second) {
    Tracked& tracked = track(worker);
    const Counted counted = read(worker);
    const std::uint64_t requests = growth(counted.requests, tracked.newest.requests);
    push(tracked.requests, requests, kRateSeconds);
    point.requests += requests;
    point.errors += growth(counted.errors, tracked.newest.errors);
    point.signals += growth(counted.signals, tracked.newest.signals);
    ended_.microseconds += growth(counted.busy_time, tracked.newest.busy_time);
    master::add(second, difference(counted.durations, tracked.newest.durations));
    tracked.newest = counted;

    const WorkerCounters& counters = worker.counters;
    if (worker.state == "ready") {
        point.workers += 1;
        point.cores += counters.cores;
    }
    point.cores_busy += counters.cores_busy;
    point.queued += counters.queued;
    point.connections += counters.connections;
    const auto blocked =
        std::chrono::duration_cast<std::chrono::microseconds>(counters.hub_blocked).count();
    point.hub_lag =
        std::max({point.hub_lag, counters.hub_lag, static_cast<std::uint64_t>(blocked)});
    point.rss += read_memory(worker.pid).rss.value_or(0);
}

Duration History::time_of_newest(std::size_t points) const {
    Duration time{};
    for (auto point = points_.rbegin(); point != points_.rend() && points > 0; ++point, --points) {
        time += point->span;
    }
    return time;
}

void History::complete(Status& status) const {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    const std::size_t count = std::min(points_.size(), kRateSeconds);
    for (auto point = points_.end() - static_cast<std::ptrdiff_t>(count); point != points_.end();
         ++point) {
        requests += point->requests;
        errors += point->errors;
    }
    const Duration time = time_of_newest(count);
    status.traffic.rate = per_second(requests, time);
    status.traffic.errors = per_second(errors, time);
    shm::DurationCounts minute{};
    for (const shm::DurationCounts& second : seconds_) {
        master::add(minute, second);
    }
    status.traffic.latency = Latency::of(minute);
    status.traffic.ended = ended_;
    for (GenerationStatus& generation : status.generations) {
        for (WorkerStatus& worker : generation.workers) {
            complete(worker);
        }
    }
}

void History::complete(WorkerStatus& worker) const {
    const auto found = tracked_.find(worker.slot);
    if (found == tracked_.end() || found->second.pid != worker.pid) {
        return;
    }
    const Tracked& tracked = found->second;
    const auto requests =
        std::accumulate(tracked.requests.begin(), tracked.requests.end(), std::uint64_t{0});
    worker.rate = per_second(requests, time_of_newest(tracked.requests.size()));
    worker.latency = Latency::of(difference(tracked.newest.durations, tracked.durations.front()));
}

}  // namespace geventd::master
