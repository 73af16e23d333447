// SPDX-License-Identifier: MIT
#include "master/host/systemd.h"

// Built in place of systemd.cpp when libsystemd is missing.

namespace geventd::master {

void ServiceNotifier::ready(std::string_view) noexcept {}

void ServiceNotifier::reloading() noexcept {}

void ServiceNotifier::stopping(Duration) noexcept {}

void ServiceNotifier::status(std::string_view) noexcept {}

void ServiceNotifier::main_pid(pid_t) noexcept {}

void ServiceNotifier::watchdog() noexcept {}

void ServiceNotifier::retry() noexcept {}

std::optional<Duration> ServiceNotifier::watchdog_period() const noexcept {
    return std::nullopt;
}

std::vector<ActivatedSocket> take_activated_sockets() {
    return {};
}

}  // namespace geventd::master
