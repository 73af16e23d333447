// SPDX-License-Identifier: MIT
#include "master/host/systemd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/escape.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

// For the end of processes that are killed, and of the master.
constexpr auto kLastSteps = std::chrono::seconds(5);

// The number of the first socket that systemd passes, sd_listen_fds(3).
constexpr int kFirstSocket = 3;

std::string status_line(std::string_view text) {
    // A newline would start another assignment.
    return fmt::format("STATUS={}", log::escape_controls(text));
}

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

// nullopt: there is no such variable, or it is no number.
std::optional<std::uint64_t> number_in(const char* name) {
    const std::string_view text = variable(name);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && !text.empty() && end == text.data() + text.size()
               ? std::optional(number)
               : std::nullopt;
}

bool is_for_this_process(const char* name) {
    return number_in(name) == static_cast<std::uint64_t>(::getpid());
}

// The names before each colon of LISTEN_FDNAMES; an activator need not give any.
std::vector<std::string> socket_names() {
    std::vector<std::string> names;
    std::string_view text = variable("LISTEN_FDNAMES");
    if (text.empty()) {
        return names;
    }
    for (auto colon = text.find(':'); colon != std::string_view::npos; colon = text.find(':')) {
        names.emplace_back(text.substr(0, colon));
        text.remove_prefix(colon + 1);
    }
    names.emplace_back(text);
    return names;
}

std::vector<ActivatedSocket> adopt_sockets(std::size_t count) {
    const std::vector<std::string> names = socket_names();
    std::vector<ActivatedSocket> sockets;
    for (std::size_t i = 0; i < count; ++i) {
        const int fd = kFirstSocket + static_cast<int>(i);
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            throw_errno("take the sockets of systemd");
        }
        sockets.push_back({i < names.size() ? names[i] : "unknown", UniqueFd::adopt(fd)});
    }
    return sockets;
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
    const auto microseconds = number_in("WATCHDOG_USEC");
    if (!microseconds || *microseconds == 0 ||
        (!variable("WATCHDOG_PID").empty() && !is_for_this_process("WATCHDOG_PID"))) {
        return std::nullopt;
    }
    return std::chrono::microseconds(*microseconds / 2);
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
        const int failure = socket_ ? socket_->send(state, keep) : EAFNOSUPPORT;
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
    std::vector<ActivatedSocket> sockets;
    if (is_for_this_process("LISTEN_PID")) {
        sockets = adopt_sockets(number_in("LISTEN_FDS").value_or(0));
    }
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"}) {
        ::unsetenv(name);
    }
    return sockets;
}

}  // namespace geventd::master
