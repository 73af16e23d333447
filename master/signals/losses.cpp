// SPDX-License-Identifier: MIT
#include "master/signals/losses.h"

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

namespace {

std::string_view why(shm::SignalLoss::Reason reason) {
    switch (reason) {
        case shm::SignalLoss::Reason::Attempts:
            return "each worker that ran its handler died, signals.max-attempts times";
        case shm::SignalLoss::Reason::Unregistered:
            return "the application that serves now has no handler for it";
        case shm::SignalLoss::Reason::NoWorker:
            return "the worker that it was for does not exist any more";
    }
    return "";
}

}  // namespace

void log_losses(std::span<const shm::SignalLoss> losses) {
    std::map<std::pair<shm::SignalLoss::Reason, std::uint8_t>, std::uint64_t> counts;
    for (const shm::SignalLoss& loss : losses) {
        ++counts[{loss.reason, loss.number}];
    }
    for (const auto& [kind, count] : counts) {
        log::error("signal {} was set aside ({}): {}", kind.second,
                   count == 1 ? "once" : fmt::format("{} times", count), why(kind.first));
    }
}

}  // namespace geventd::master
