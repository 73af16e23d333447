// SPDX-License-Identifier: MIT
#include "worker/serve/gate.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"

namespace geventd::worker {

namespace {

// Descriptors may be freed elsewhere in the process, too, so look this often.
constexpr auto kRetry = std::chrono::milliseconds(500);

// An entry without a root only says that all below its path is the application's.
bool has_files(const std::vector<config::StaticFiles>& entries) {
    return std::any_of(entries.begin(), entries.end(),
                       [](const config::StaticFiles& entry) { return !entry.root.empty(); });
}

}  // namespace

Gate::Gate(const Parts& parts, const config::Settings& settings, std::vector<Listening> listeners,
           const shm::Scoreboard* board)
    : admission_(parts.admission),
      accounts_(parts.accounts),
      connections_(parts.connections),
      websockets_(parts.websockets),
      most_connections_(static_cast<std::size_t>(settings.limits.connections)),
      has_static_(has_files(settings.static_files)),
      retry_timer_(parts.clock),
      balance_(parts.loop, board, accounts_.slot(), [this] { regulate(); }) {
    retry_timer_.bind<&Gate::on_retry>(this);
    for (Listening& listening : listeners) {
        acceptors_.push_back(std::make_unique<Acceptor>(
            parts.loop, parts.clock, static_cast<Acceptor::Owner&>(*this), std::move(listening)));
    }
}

void Gate::open() {
    opened_ = true;
    accounts_.slot().listens.store(1, std::memory_order_relaxed);
    regulate();
}

void Gate::pause(bool on) {
    paused_ = on;
    regulate();
}

void Gate::close(bool serve_waiting) {
    const bool takes_them = std::exchange(opened_, false) && serve_waiting;
    state_ = State::Closed;
    accounts_.slot().listens.store(0, std::memory_order_relaxed);
    for (const auto& acceptor : acceptors_) {
        while (takes_them && has_room() && acceptor->take_one()) {
        }
        acceptor->close();
    }
}

Gate::State Gate::wanted() {
    if (!opened_ || paused_ || out_of_fds_ || balance_.leaving() || !has_room()) {
        return State::Closed;
    }
    const bool has_cores = !admission_.is_full() || admission_.rejects_when_full();
    return has_cores ? State::Open : State::CorelessOnly;
}

void Gate::regulate() {
    const State state = wanted();
    if (state == state_) {
        return;
    }
    state_ = state;
    for (const auto& acceptor : acceptors_) {
        if (accepts(acceptor->listening())) {
            acceptor->resume();
        } else {
            acceptor->pause();
        }
    }
}

void Gate::freed_descriptors() {
    if (std::exchange(out_of_fds_, false)) {
        retry_timer_.cancel();
    }
    regulate();
}

void Gate::on_retry() noexcept {
    out_of_fds_ = false;
    regulate();
}

void Gate::on_accepted(net::Stream stream, const Peer& peer, const Listening& listener) {
    try {
        connections_.add(std::move(stream), peer, listener);
        regulate();
    } catch (const std::bad_alloc&) {
        accounts_.out_of_memory();
    }
}

bool Gate::leaves_next(int accepted) {
    const bool leaves =
        balance_.leaves_next(connections_.count(), static_cast<std::uint32_t>(accepted));
    if (leaves) {
        regulate();
    }
    return leaves;
}

void Gate::out_of_descriptors(int error) {
    if (!std::exchange(shortage_reported_, true)) {
        log::error(
            "cannot accept connections: {} ({} are open); raise RLIMIT_NOFILE or lower "
            "limits.connections",
            errno_text(error), connections_.count());
    }
    out_of_fds_ = true;
    retry_timer_.start(kRetry);
    regulate();
}

void Gate::accepted_all() {
    shortage_reported_ = false;
}

void Gate::listener_down() {
    if (tell_down_) {
        tell_down_();
    }
}

void Gate::listener_deaf(bool deaf) {
    accounts_.listener_is_deaf(deaf);
}

void Gate::listener_lost() {
    if (tell_lost_) {
        tell_lost_();
    }
}

bool Gate::accepts(const Listening& listener) const {
    const bool needs_no_core = has_static_ || !listener.health.empty();
    return state_ == State::Open || (state_ == State::CorelessOnly && needs_no_core);
}

}  // namespace geventd::worker
