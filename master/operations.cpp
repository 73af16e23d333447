// SPDX-License-Identifier: MIT
#include "master/operations.h"

#include <cstdint>

#include <fmt/core.h>

#include "log/logger.h"

namespace geventd::master {

Result<void> Operations::pause(bool on) {
    if (turns_.is_closed()) {
        return failure("the server stops");
    }
    if (parts_.supervisor.is_paused() != on) {
        log::info("{}", on ? "paused: new connections wait until the server is resumed"
                           : "resumed: connections are accepted again");
        parts_.supervisor.pause(on);
    }
    return {};
}

Result<void> Operations::set_workers(int count) {
    Generation* serving = parts_.supervisor.serving();
    if (serving == nullptr) {
        return failure("the server does not serve yet, or not any more");
    }
    if (parts_.supervisor.is_rolling()) {
        return failure("a rolling reload is under way, which changes it worker by worker");
    }
    if (serving->strength().is_aside()) {
        return failure("the workers are being restarted");
    }
    if (count < 1 || count > config::kMostProcesses) {
        return failure(
            fmt::format("the number of workers must be between 1 and {}", config::kMostProcesses));
    }
    log::info("{} workers from now on, {} before", count, serving->strength().most());
    serving->strength().resize(count);
    server_.settle();
    return {};
}

void Operations::change_workers(int difference) {
    const Generation* serving = parts_.supervisor.serving();
    const auto changed =
        set_workers(serving == nullptr ? 0 : serving->strength().most() + difference);
    if (!changed) {
        log::warning("{}", changed.error().message);
    }
}

Result<void> Operations::send_signal(int number, const std::string& payload) {
    if (number < 0 || number >= static_cast<int>(shm::kSignalNumbers)) {
        return failure("a signal's number is between 0 and 255");
    }
    return parts_.signals.send(static_cast<std::uint8_t>(number), payload);
}

}  // namespace geventd::master
