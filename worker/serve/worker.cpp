// SPDX-License-Identifier: MIT
#include "worker/serve/worker.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "config/drain_time.h"
#include "log/logger.h"
#include "worker/requests/counters.h"
#include "worker/signals/signals.h"

namespace geventd::worker {

namespace {

// How long one turn may go on starting requests before gevent's timers and other greenlets get
// the hub back (without a bound a burst made a 10 ms timer 50 ms late).
constexpr auto kTurnBudget = std::chrono::milliseconds(5);

}  // namespace

Worker::Worker(const config::Settings& settings, shm::WorkerSlot& slot,
               std::vector<Listening> listeners, int number, const shm::Scoreboard* board)
    : accounts_(slot, settings.log, number, board),
      clock_(loop_),
      turn_(loop_),
      admission_(loop_, clock_, settings, accounts_),
      time_limits_(loop_, clock_, settings, admission_, accounts_),
      successor_(settings.workers),
      tls_(slot),
      websockets_({loop_, clock_, admission_, accounts_}, settings.limits),
      connections_({loop_, clock_, admission_, accounts_, time_limits_, turn_}, settings),
      gate_({loop_, clock_, admission_, accounts_, connections_, websockets_}, settings,
            std::move(listeners), board),
      files_(loop_, clock_, accounts_, settings, number == 1),
      drain_timer_(clock_),
      websockets_timer_(clock_),
      drain_time_(settings.limits.drain_requests),
      websockets_time_(config::drain_of_websockets(settings.limits)) {
    if (settings.sticky.is_set()) {
        sticky_ = std::make_unique<StickySessions>(
            StickySessions::Parts{clock_, loop_, gate_, admission_, connections_, successor_},
            settings.sticky, [this] { on_sessions_over(); });
    }
    drain_timer_.bind<&Worker::on_drain_time>(this);
    websockets_timer_.bind<&Worker::on_websockets_time>(this);
    admission_.on_change([this] { gate_.regulate(); });
    admission_.on_end([this] { on_request_ended(); });
    time_limits_.on_lost([this] { successor_.ask(ipc::Due::Unstoppable); });
    gate_.on_listener_lost([this] { successor_.ask(ipc::Due::LostListener); });
    connections_.answer_files_by(files_);
    connections_.shake_hands_by(tls_);
    connections_.send_signals_by([this](std::uint8_t signal) { return send_signal(signal); });
}

void Worker::serve(Application& application) {
    admission_.serve(application);
    serves_ = true;
    loop_.wake();
}

void Worker::turn() noexcept {
    turn_.begin();
    tls_.begin_turn();
    admission_.begin_turn(loop_.refresh_now() + kTurnBudget);
    if (serves_ && !std::exchange(has_opened_, true) && !draining_) {
        gate_.open();
        if (sticky_) {
            sticky_->open();
        }
    }
    files_.collect();
    start_waiting();
    const bool unfinished = loop_.run_pending();
    connections_.read_on();
    start_waiting();
    if (connections_.sweep()) {
        gate_.freed_descriptors();
    }
    connections_.separate_pieces();
    assert_all_attended();
    turn_.end();
    count(accounts_.slot().heartbeat);
    if (unfinished || connections_.has_revisits() || admission_.can_go_on() || files_.has_more() ||
        websockets_.has_work()) {
        loop_.wake();
    }
}

void Worker::start_waiting() {
    if (websockets_.has_work()) {
        websockets_.attend();
    }
    admission_.resume_orphans();
    admission_.start_waiting();
    connections_.revisit();
    gate_.regulate();
}

void Worker::on_request_ended() {
    successor_.count_request();
    if (admission_.has_orphans() || admission_.has_waiting() || !gate_.is_open()) {
        turn_.ensure();
    }
}

bool Worker::drained() const {
    const std::size_t requests = connections_.count() - websockets_.count();
    const bool idle =
        requests == admission_.lost_count() && (signals_ == nullptr || signals_->idle());
    return draining_ && (idle || out_of_time_) &&
           (websockets_.count() == 0 || websockets_out_of_time_) &&
           (!sticky_ || sticky_->are_over());
}

void Worker::look_whether_drained() {
    if (draining_) {
        loop_.wake();
    }
}

void Worker::drain(ipc::DrainReason reason) {
    if (reason == ipc::DrainReason::Stop) {
        connections_.fail_health_checks();
    }
    websockets_.drain(reason == ipc::DrainReason::Stop);
    connections_.close_after_answers(reason != ipc::DrainReason::Replace);
    if (sticky_) {
        sticky_->drain(reason == ipc::DrainReason::Replace);
    }
    if (!std::exchange(draining_, true)) {
        if (signals_ != nullptr) {
            signals_->drain();
        }
        if (!sticky_ || sticky_->are_over()) {
            begin_drain_of_requests();
        }
        websockets_timer_.start(websockets_time_);
        if (websockets_time_ == Duration::zero()) {
            on_websockets_time();
        }
        gate_.close(reason == ipc::DrainReason::Stop);
        if (drain_begins_) {
            drain_begins_();
        }
    }
    loop_.wake();
}

void Worker::on_sessions_over() noexcept {
    if (draining_) {
        begin_drain_of_requests();
    }
}

// While sessions are kept, requests of theirs come in: the time of requests begins after them.
void Worker::begin_drain_of_requests() noexcept {
    drain_timer_.start(drain_time_);
    out_of_time_ = drain_time_ == Duration::zero();
    loop_.wake();
}

void Worker::on_drain_time() noexcept {
    out_of_time_ = true;
}

void Worker::on_websockets_time() noexcept {
    websockets_.end_drain();
    websockets_out_of_time_ = true;
    if (sticky_) {
        sticky_->end();
    }
}

void Worker::attach(Signals* signals) {
    signals_ = signals;
}

bool Worker::send_signal(std::uint8_t number) {
    return signals_ != nullptr && signals_->port().send(number, {}) == shm::SendResult::Accepted;
}

void Worker::answer_pulse() {
    shm::WorkerSlot& slot = accounts_.slot();
    const std::int64_t asked = slot.hub_asked.load(std::memory_order_relaxed);
    const auto now = std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
    const auto lag =
        static_cast<std::uint64_t>(now - std::clamp<std::int64_t>(asked, 0, now)) / 1000;
    slot.hub_lag.store(lag, std::memory_order_relaxed);
    if (lag > slot.hub_lag_peak.load(std::memory_order_relaxed)) {
        slot.hub_lag_peak.store(lag, std::memory_order_relaxed);
    }
    slot.hub_answered.store(asked, std::memory_order_release);
    admission_.show_waiting();
    slot.unsent.store(connections_.kept_bytes(), std::memory_order_relaxed);
    slot.transfers.store(files_.transfers().count(), std::memory_order_relaxed);
    if (signals_ != nullptr) {
        signals_->port().reassert();
    }
    if (count_background_) {
        slot.background.store(count_background_(), std::memory_order_relaxed);
    }
}

void Worker::assert_all_attended() const {
#ifndef NDEBUG
    if (const std::string fault = connections_.neglect(); !fault.empty()) {
        log::error("a fault in geventd: {}", fault);
        std::abort();
    }
#endif
}

}  // namespace geventd::worker
