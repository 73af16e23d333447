// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>

#include "worker/signals.h"
#include "worker/worker.h"

// What a worker tells the master, and asks it for.

namespace geventd::worker {

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
    if (signals_ != nullptr) {
        signals_->port().reassert();
    }
    if (count_background_) {
        slot.background.store(count_background_(), std::memory_order_relaxed);
    }
}

void Worker::lost(bool is_request) {
    accounts_.unstoppable();
    if (is_request) {
        admission_.lost();
    }
    if (ask_for_successor_) {
        ask_for_successor_(ipc::Due::Unstoppable);
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

}  // namespace geventd::worker
