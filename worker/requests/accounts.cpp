// SPDX-License-Identifier: MIT
#include "worker/requests/accounts.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "http/octets.h"
#include "log/logger.h"
#include "worker/requests/counters.h"

namespace geventd::worker {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// How many characters of an exception the status shows; the log has all of it.
constexpr std::size_t kMostError = 120;

std::string_view shown(std::string_view error) {
    return error.substr(0, std::min(error.find('\n'), kMostError));
}

}  // namespace

Accounts::Accounts(shm::WorkerSlot& slot, const config::Log& settings, int number,
                   const shm::Scoreboard* board)
    : slot_(slot), format_(settings.format), number_(number), hints_(slot, board) {
    if (settings.access != "off") {
        access_log_ =
            std::make_unique<AccessLog>(settings.access, slot, number,
                                        format_ == config::LogFormat::Json, settings.access_when);
    }
}

void Accounts::ended(const Request& request) {
    count(slot_.requests);
    const auto took = static_cast<std::uint64_t>(
        duration_cast<microseconds>(Clock::now() - request.times.started).count());
    count(slot_.busy_time, took);
    slot_.durations.add(took);
}

void Accounts::answered(const Request& request, const Exchange& exchange) {
    count(slot_.sent, request.sent.head + request.sent.body);
    write_access_log(request, exchange);
}

void Accounts::write_access_log(const Request& request, const Exchange& exchange) noexcept {
    AccessLog* const log = access_log_          ? access_log_.get()
                           : request.log.wanted ? wanted_log_.get()
                                                : nullptr;
    if (log == nullptr) {
        return;
    }
    try {
        log->write(request, exchange);
    } catch (const std::bad_alloc&) {
        out_of_memory();
    }
}

void Accounts::refused(const Exchange& exchange, const Request* request,
                       const http::Rejection& rejection, const http::AnswerParts& answer) {
    if (rejection.status < 400) {
        count(slot_.redirected);
    } else {
        count(slot_.rejected);
        const std::string host = exchange.client().host();
        log::info("refused a request from {}: {} {}", host.empty() ? "a unix socket" : host,
                  rejection.status, rejection.reason);
    }
    if (access_log_) {
        access_log_->write_refused(request, exchange, rejection.status, answer);
    }
}

void Accounts::client_left(const Request& request) {
    count(slot_.disconnects);
    log::debug("the client of {} {} left before its answer was out", request.head.method,
               request.head.path);
}

void Accounts::application_failed(const Request& request, std::string_view error,
                                  std::string_view where, std::int64_t epoch) {
    count(slot_.errors);
    // One line each. The method and path come last: they may be long, or contain a newline that a
    // uwsgi client sent.
    slot_.failure.put(epoch, fmt::format("{}\n{}\n{}\n{} {}", request.id, where, shown(error),
                                         request.head.method, request.head.path));
}

void Accounts::handler_failed(std::uint8_t signal, std::string_view error, std::string_view where,
                              std::int64_t epoch) {
    slot_.failure.put(epoch, fmt::format("\n{}\n{}\nsignal {}", where, shown(error), signal));
}

void Accounts::timed_out() {
    count(slot_.timeouts);
}

void Accounts::handler_timed_out() {
    count(slot_.slow_handlers);
}

void Accounts::listener_is_deaf(bool deaf) {
    show(slot_.deaf, slot_.deaf.load(std::memory_order_relaxed) + (deaf ? 1 : -1));
}

void Accounts::unstoppable() {
    count(slot_.unstoppable);
}

void Accounts::out_of_memory() noexcept {
    if (std::exchange(memory_reported_, true)) {
        return;
    }
    try {
        log::error("out of memory: a connection is ended for it; more will be without a line");
    } catch (const std::bad_alloc&) {
        memory_reported_ = false;
    }
}

void Accounts::want_log(Request& request) {
    request.log.wanted = true;
    if (!access_log_ && !wanted_log_) {
        const bool json = format_ == config::LogFormat::Json;
        wanted_log_ = std::make_unique<AccessLog>(json ? "json" : "uwsgi", slot_, number_, json);
    }
}

void Accounts::warn_of_hop_by_hop(const Request& request, std::string_view field) {
    std::string name(field);
    std::transform(name.begin(), name.end(), name.begin(), http::to_lower);
    if (std::find(hop_by_hop_.begin(), hop_by_hop_.end(), name) != hop_by_hop_.end()) {
        return;
    }
    log::warning(
        "{} {}: the application sets the header {}, which is the server's business (PEP 3333): it "
        "is left out, from now on without a line",
        request.head.method, request.path_info, field);
    hop_by_hop_.push_back(std::move(name));
}

// In uWSGI these variables load code; geventd only warns.
void Accounts::warn_of_magic(const uwsgi::RequestVars& vars) {
    if (!vars.magic.empty() && !std::exchange(magic_reported_, true)) {
        log::warning(
            "a uwsgi client sent {}: geventd never obeys variables that load code or "
            "change the process; set app in the configuration",
            vars.magic.front());
    }
}

}  // namespace geventd::worker
