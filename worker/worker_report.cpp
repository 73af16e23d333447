// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"
#include "worker/counters.h"
#include "worker/signals.h"
#include "worker/worker.h"

// What a worker counts and tells of what happened to its requests.

namespace geventd::worker {

namespace {

// Characters of an exception in the status; the log has all of it.
constexpr std::size_t kMostError = 120;

}  // namespace

void Worker::refused(const Exchange& exchange, const Request* request,
                     const http::Rejection& rejection) {
    count(slot_.rejected);
    const std::string host = exchange.client_host();
    log::info("refused a request from {}: {} {}", host.empty() ? "a unix socket" : host,
              rejection.status, rejection.reason);
    if (access_log_) {
        access_log_->write_refused(request, exchange, rejection.status);
    }
}

void Worker::client_left(const Request& request) {
    count(slot_.disconnects);
    log::debug("the client of {} {} left before its answer was out", request.head.method,
               request.head.path);
}

void Worker::application_failed(const Request& request, std::string_view error,
                                std::string_view where) {
    count(slot_.errors);
    // A line each; last what may be long and what a uwsgi client may have put a newline into.
    slot_.failure.put(epoch_, fmt::format("{}\n{}\n{}\n{} {}", request.id, where,
                                          error.substr(0, std::min(error.find('\n'), kMostError)),
                                          request.head.method, request.head.path));
}

void Worker::answer_pulse() {
    const std::int64_t asked = slot_.hub_asked.load(std::memory_order_relaxed);
    const auto now = std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
    const auto lag =
        static_cast<std::uint64_t>(now - std::clamp<std::int64_t>(asked, 0, now)) / 1000;
    slot_.hub_lag.store(lag, std::memory_order_relaxed);
    if (lag > slot_.hub_lag_peak.load(std::memory_order_relaxed)) {
        slot_.hub_lag_peak.store(lag, std::memory_order_relaxed);
    }
    slot_.hub_answered.store(asked, std::memory_order_release);
    show_waiting();
    if (signals_ != nullptr) {
        signals_->port().reassert();
    }
    if (count_background_) {
        slot_.background.store(count_background_(), std::memory_order_relaxed);
    }
}

void Worker::timed_out() {
    count(slot_.timeouts);
}

void Worker::handler_timed_out() {
    count(slot_.slow_handlers);
}

void Worker::lost(bool is_request) {
    count(slot_.unstoppable);
    lost_requests_ += is_request ? 1 : 0;
    if (ask_for_successor_) {
        ask_for_successor_(ipc::Due::Unstoppable);
    }
}

void Worker::out_of_memory() noexcept {
    if (std::exchange(memory_reported_, true)) {
        return;
    }
    try {
        log::error("out of memory: a connection is ended for it; more will be without a line");
    } catch (const std::bad_alloc&) {
        memory_reported_ = false;
    }
}

void Worker::listener_down() {
    if (listener_down_) {
        listener_down_();
    }
}

void Worker::lost_listener() {
    if (ask_for_successor_) {
        ask_for_successor_(ipc::Due::LostListener);
    }
}

void Worker::want_log(Request& request) {
    request.log_wanted = true;
    if (!access_log_ && !wanted_log_) {
        const bool json = log_format_ == config::LogFormat::Json;
        wanted_log_ = std::make_unique<AccessLog>(json ? "json" : "uwsgi", slot_, number_, json);
    }
}

// uWSGI lets these variables load code; here they are only told of, once.
void Worker::warn_of_magic(const uwsgi::RequestVars& vars) {
    if (!vars.magic.empty() && !magic_reported_) {
        magic_reported_ = true;
        log::warning(
            "a uwsgi client sent {}: geventd never obeys variables that load code or "
            "change the process; set app in the configuration",
            vars.magic.front());
    }
}

}  // namespace geventd::worker
