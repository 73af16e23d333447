// SPDX-License-Identifier: MIT
#include "master/status/readiness.h"

#include <algorithm>

#include <fmt/core.h>

namespace geventd::master {

namespace {

/// Calls `action` with each worker that is ready, of the generation that serves: those of one that
/// boots accept nothing until all of them are ready.
template <typename Action>
void for_each_ready(const Status& status, Action action) {
    for (const GenerationStatus& generation : status.generations) {
        if (generation.state != "serving") {
            continue;
        }
        for (const WorkerStatus& worker : generation.workers) {
            if (worker.state == "ready") {
                action(worker.counters);
            }
        }
    }
}

}  // namespace

CoreUse CoreUse::of(const Status& status) {
    CoreUse use;
    for_each_ready(status, [&](const WorkerCounters& counters) {
        use.cores += counters.cores;
        use.busy += std::min<std::uint64_t>(counters.cores_busy, counters.cores);
    });
    return use;
}

double CoreUse::ratio() const {
    return cores == 0 ? 1 : static_cast<double>(busy) / static_cast<double>(cores);
}

std::string why_not_ready(const Status& status, int saturation) {
    if (status.stopping) {
        return "the server stops";
    }
    if (status.paused) {
        return "the server is paused";
    }
    std::uint32_t workers = 0;
    std::uint32_t deaf = 0;
    for_each_ready(status, [&](const WorkerCounters& counters) {
        ++workers;
        deaf += counters.deaf > 0 ? 1 : 0;
    });
    if (workers == 0) {
        return "no worker is ready";
    }
    for (const ListenerStatus& listener : status.listeners) {
        if (listener.down) {
            return fmt::format("the listening socket {} was shut down", listener.address);
        }
    }
    if (deaf == workers) {
        return "no worker can accept connections of all listening sockets; the log says why";
    }
    const CoreUse use = CoreUse::of(status);
    if (saturation > 0 && use.busy * 100 >= use.cores * static_cast<std::uint64_t>(saturation)) {
        return fmt::format("saturated: {} of {} cores are busy", use.busy, use.cores);
    }
    return "";
}

// The weight alone, as "drain" and "ready" would overrule what the operator told HAProxy of the
// host.
std::string format_agent(const Status& status, int saturation) {
    if (!why_not_ready(status, saturation).empty()) {
        return "up 0%\n";
    }
    const CoreUse use = CoreUse::of(status);
    const std::uint64_t free = 100 * (use.cores - use.busy) / std::max<std::uint64_t>(use.cores, 1);
    return fmt::format("up {}%\n", std::max<std::uint64_t>(free, 1));
}

}  // namespace geventd::master
