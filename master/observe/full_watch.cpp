// SPDX-License-Identifier: MIT
#include "master/observe/full_watch.h"

#include "log/logger.h"

namespace geventd::master {

namespace {

// Looks are a second apart, so that two of them mean more than a second.
constexpr int kLooksUntilTold = 2;
// A server that is full every now and then shall not fill its log.
constexpr int kLooksUntilOver = 10;

struct Cores {
    std::uint64_t all = 0;
    std::uint64_t busy = 0;
    std::uint64_t queued = 0;  ///< requests that a worker has read already
    std::uint64_t ended = 0;   ///< requests
};

Cores count(const std::vector<GenerationStatus>& generations) {
    Cores cores;
    for (const GenerationStatus& generation : generations) {
        for (const WorkerStatus& worker : generation.workers) {
            if (generation.state == "serving" && worker.state == "ready") {
                cores.all += worker.counters.cores;
                cores.busy += worker.counters.cores_busy;
                cores.queued += worker.counters.queued;
                cores.ended += worker.counters.requests;
            }
        }
    }
    return cores;
}

void warn(std::uint64_t cores, std::uint64_t waiting) {
    log::warning(
        "all {} cores of all workers have been busy for more than a second, and {} {} for one: "
        "more of workers.cores or workers.processes would serve them",
        cores, waiting, waiting == 1 ? "connection waits" : "connections wait");
}

}  // namespace

void FullWatch::look(const std::vector<GenerationStatus>& generations) {
    const Cores cores = count(generations);
    const std::uint64_t ended = cores.ended - std::exchange(ended_, cores.ended);
    if (cores.all == 0 || cores.busy < cores.all) {
        full_ = 0;
        told_ = told_ && ++calm_ < kLooksUntilOver;
        return;
    }
    calm_ = 0;
    const std::uint64_t waiting = waiting_() + cores.queued;
    // Where nobody waits and many requests have ended, the cores were free in between.
    const bool has_moved = waiting == 0 && ended >= cores.all;
    full_ = has_moved ? 1 : full_ + 1;
    if (full_ >= kLooksUntilTold && !told_) {
        told_ = true;
        warn(cores.all, waiting);
    }
}

}  // namespace geventd::master
