// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "event/loop.h"
#include "worker/limits/held_signal.h"
#include "worker/limits/time_limits.h"
#include "worker/signals/signal_port.h"

namespace geventd::worker {

class Accounts;
class Admission;

/// What the loop side asks of the Python side about signals. Every call comes from the hub's
/// greenlet, inside Worker::turn(), with the GIL held.
/// Lives in: worker; implemented by the Python side.
class SignalHandlers {
  public:
    SignalHandlers() = default;
    SignalHandlers(const SignalHandlers&) = delete;
    SignalHandlers& operator=(const SignalHandlers&) = delete;
    virtual ~SignalHandlers() = default;

    [[nodiscard]] virtual Overlap overlap(std::uint8_t number) const noexcept = 0;

    /// Runs the handler in a fresh greenlet, at once, and calls Signals::finished() at its end.
    /// Returns when that has ended or waits.
    virtual void start(HeldSignal& signal) noexcept = 0;

    /// The ticket, drawn by wait_for_lock(), holds the application's lock now.
    virtual void granted(unsigned lock, std::uint64_t ticket) noexcept = 0;
};

/// The receiving side of a worker: claims signals when its eventfd says that there are some, as
/// long as fewer than `concurrency` handlers run, and hands locks to the greenlets that wait.
/// Handlers take no core from requests. What is not claimed stays for other workers.
/// Lives in: worker, loop side. Belongs to the hub's thread.
class Signals {
  public:
    /// What is passed is borrowed. `handled` is called when a handler has ended.
    Signals(event::Loop& loop, Admission& admission, Accounts& accounts, TimeLimits& time_limits,
            SignalPort& port, SignalHandlers& handlers, int concurrency,
            std::function<void()> handled);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() = default;

    /// This worker takes signals from now on.
    void accept();

    /// A handler was registered: signals that nobody here could handle are looked at again.
    void look_again();

    /// The handler is over. `signal` is gone afterwards.
    void finished(HeldSignal& signal, bool failed);

    /// Takes no more; what waits for its turn here is left to others.
    void drain();

    /// No handler runs.
    [[nodiscard]] bool idle() const { return running_ == 0; }

    /// Signals whose handlers run.
    [[nodiscard]] std::vector<HeldSignal*> running() const;

    /// A place in the row of an application's lock; granted() may be called before this returns.
    /// Leave it by SignalPort::locks().cancel().
    std::uint64_t wait_for_lock(unsigned lock);
    void advance(unsigned lock);

    SignalPort& port() { return port_; }

  private:
    void on_woken(int events) noexcept;
    void claim_some();
    void take(const shm::SignalClaim& claim);
    void run(HeldSignal& signal);
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] HeldSignal* with_ticket(std::uint8_t number, std::uint64_t ticket) const;

    Admission& admission_;
    Accounts& accounts_;
    TimeLimits& time_limits_;
    SignalPort& port_;
    SignalHandlers& handlers_;
    std::size_t concurrency_;
    std::function<void()> handled_;
    event::Io io_;
    std::unordered_map<const HeldSignal*, std::unique_ptr<HeldSignal>> held_;
    std::set<unsigned> rows_;  ///< locks for which somebody here waits
    std::size_t running_ = 0;
    bool draining_ = false;
    bool full_ = false;  ///< stopped claiming as too many are held
};

}  // namespace geventd::worker
