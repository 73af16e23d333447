// SPDX-License-Identifier: MIT
#include "worker/signals/signals.h"

#include <unistd.h>

#include <chrono>
#include <optional>
#include <utility>

#include "worker/requests/accounts.h"
#include "worker/requests/admission.h"
#include "worker/requests/counters.h"

namespace geventd::worker {

Signals::Signals(const Parts& parts, SignalPort& port, SignalHandlers& handlers, int concurrency,
                 std::function<void()> handled)
    : admission_(parts.admission),
      accounts_(parts.accounts),
      time_limits_(parts.time_limits),
      port_(port),
      handlers_(handlers),
      concurrency_(static_cast<std::size_t>(concurrency)),
      handled_(std::move(handled)),
      io_(parts.loop) {
    io_.bind<Signals, &Signals::on_woken>(this);
    io_.watch(port_.eventfd(), event::Io::kRead);
}

void Signals::accept() {
    if (!draining_) {
        port_.claimer().accept(true);
        port_.wake();
    }
}

void Signals::look_again() {
    port_.claimer().rescan();
    port_.wake();
}

void Signals::on_woken(int) noexcept {
    // Read before looking: a signal that arrives meanwhile makes the eventfd readable again.
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(port_.eventfd(), &count, sizeof count);
    try {
        for (const unsigned lock : std::vector<unsigned>(rows_.begin(), rows_.end())) {
            advance(lock);
        }
        claim_some();
    } catch (const std::bad_alloc&) {
        accounts_.out_of_memory();
        port_.wake();
    }
}

bool Signals::is_full() const {
    return running_ >= concurrency_ || held_.size() - running_ >= concurrency_;
}

void Signals::claim_some() {
    full_ = false;
    while (!draining_) {
        if (is_full()) {
            full_ = true;
            return;
        }
        if (!admission_.has_time()) {
            port_.wake();
            return;
        }
        if (const std::optional<shm::SignalClaim> claim = port_.claimer().claim()) {
            take(*claim);
        } else if (port_.claimer().prepare_to_wait()) {
            return;
        }
    }
}

void Signals::take(const shm::SignalClaim& claim) {
    const std::uint8_t number = claim.routing.number;
    const Overlap overlap = handlers_.overlap(number);
    if (overlap == Overlap::Skip && !port_.locks().try_acquire(number)) {
        port_.claimer().absorb(claim);
        return;
    }
    auto owned = std::make_unique<HeldSignal>();
    HeldSignal& signal = *owned;
    signal.claim = claim;
    signal.overlap = overlap;
    held_.emplace(&signal, std::move(owned));
    if (overlap == Overlap::Queue) {
        signal.ticket = wait_for_lock(number);
        advance(number);
    } else {
        run(signal);
    }
}

void Signals::run(HeldSignal& signal) {
    signal.running = true;
    ++running_;
    port_.claimer().begin(signal.claim);
    time_limits_.start(signal);
    handlers_.start(signal);
}

void Signals::note_failure(const HeldSignal& signal, std::string_view error,
                           std::string_view where) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    accounts_.handler_failed(signal.claim.routing.number, error, where,
                             std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

void Signals::finished(HeldSignal& signal, bool failed) {
    port_.claimer().finish(signal.claim, failed);
    if (signal.overlap != Overlap::Allow) {
        port_.locks().release(signal.claim.routing.number);
    }
    --running_;
    count(accounts_.slot().signals);
    held_.erase(&signal);
    if (full_) {
        full_ = false;
        port_.wake();
    }
    handled_();
}

std::uint64_t Signals::wait_for_lock(unsigned lock) {
    rows_.insert(lock);
    return port_.locks().enqueue(lock);
}

void Signals::advance(unsigned lock) {
    while (const std::optional<std::uint64_t> ticket = port_.locks().advance(lock)) {
        if (lock >= shm::kNumberLocks) {
            handlers_.granted(lock - shm::kNumberLocks, *ticket);
        } else if (HeldSignal* signal = with_ticket(static_cast<std::uint8_t>(lock), *ticket)) {
            run(*signal);
        } else {
            port_.locks().release(lock);
        }
    }
    if (!port_.locks().has_waiters(lock)) {
        rows_.erase(lock);
    }
}

HeldSignal* Signals::with_ticket(std::uint8_t number, std::uint64_t ticket) const {
    for (const auto& [key, signal] : held_) {
        if (!signal->running && signal->ticket == ticket &&
            signal->claim.routing.number == number) {
            return signal.get();
        }
    }
    return nullptr;
}

// A claim cannot be given back: the master does that when this process has ended. Handlers that
// wait for their turn have not begun, so this does not count as an attempt.
void Signals::drain() {
    draining_ = true;
    port_.claimer().accept(false);
    for (const auto& [key, signal] : held_) {
        if (!signal->running) {
            port_.locks().cancel(signal->claim.routing.number, signal->ticket);
        }
    }
}

std::vector<HeldSignal*> Signals::running() const {
    std::vector<HeldSignal*> signals;
    for (const auto& [key, signal] : held_) {
        if (signal->running) {
            signals.push_back(signal.get());
        }
    }
    return signals;
}

}  // namespace geventd::worker
