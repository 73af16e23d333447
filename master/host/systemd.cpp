// SPDX-License-Identifier: MIT
#include "master/host/systemd.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <new>
#include <utility>

#include <fmt/core.h>
#include <systemd/sd-daemon.h>

#include "base/errno_error.h"
#include "log/escape.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

// For the end of processes that are killed, and of the master.
constexpr auto kLastSteps = std::chrono::seconds(5);

std::string status_line(std::string_view text) {
    // A newline would start another assignment.
    return fmt::format("STATUS={}", log::escape_controls(text));
}

}  // namespace

void ServiceNotifier::ready(std::string_view status) noexcept {
    send("READY=1\n" + status_line(status));
}

void ServiceNotifier::reloading() noexcept {
    // With Type=notify-reload systemd recognises by this time that its own SIGHUP is being
    // answered.
    const auto now =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

// The unit's TimeoutStopSec may be shorter than the times that the configuration gives requests.
void ServiceNotifier::stopping(Duration longest) noexcept {
    const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(longest + kLastSteps);
    send(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", whole.count()));
}

void ServiceNotifier::status(std::string_view text) noexcept {
    send(status_line(text));
}

void ServiceNotifier::main_pid(pid_t pid) noexcept {
    send(fmt::format("MAINPID={}", pid));
}

void ServiceNotifier::watchdog() noexcept {
    send("WATCHDOG=1", false);  // no retry: the next one follows soon
}

std::optional<Duration> ServiceNotifier::watchdog_period() const noexcept {
    std::uint64_t microseconds = 0;
    if (::sd_watchdog_enabled(0, &microseconds) <= 0) {
        return std::nullopt;
    }
    return std::chrono::microseconds(microseconds / 2);
}

void ServiceNotifier::send(const std::string& state, bool keep) noexcept {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr) {
        return;
    }
    try {
        if (!socket_ && NotifySocket::can_reach(path)) {
            socket_.emplace(path);
        }
        const int failure = socket_ ? socket_->send(state, keep) : -::sd_notify(0, state.c_str());
        if (failure > 0 && !std::exchange(complained_, true)) {
            log::warning("systemd cannot be told of the service's state: {}", errno_text(failure));
        }
    } catch (const std::bad_alloc&) {
        log::error("there is no memory to tell systemd of the service's state");
    }
}

void ServiceNotifier::retry() noexcept {
    if (socket_) {
        socket_->retry();
    }
}

std::vector<ActivatedSocket> take_activated_sockets() {
    char** names = nullptr;
    const int count = ::sd_listen_fds_with_names(1, &names);
    if (count < 0) {
        throw ErrnoError(-count, "take the sockets of systemd");
    }
    std::vector<ActivatedSocket> sockets;
    for (int i = 0; i < count; ++i) {
        sockets.push_back({names[i], UniqueFd::adopt(SD_LISTEN_FDS_START + i)});
        ::free(names[i]);
    }
    ::free(names);
    return sockets;
}

}  // namespace geventd::master
