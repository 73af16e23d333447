// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string_view>
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

    /// Runs the handler at once in a fresh greenlet, which calls Signals::finished() at its end.
    /// Returns when the greenlet has ended or waits.
    virtual void start(HeldSignal& signal) noexcept = 0;

    /// `ticket`, which wait_for_lock() returned, holds the application's lock now.
    virtual void granted(unsigned lock, std::uint64_t ticket) noexcept = 0;
};

/// Receives a worker's signals: claims them when its eventfd is readable, as long as fewer than
/// `concurrency` handlers run, and gives locks to greenlets that wait. Handlers take no core from
/// requests. Signals that are not claimed stay for other workers.
/// Lives in: worker, loop side. Belongs to the hub's thread.
class Signals {
  public:
    /// The parts of the worker that signals work with.
    struct Parts {
        event::Loop& loop;
        Admission& admission;
        Accounts& accounts;
        TimeLimits& time_limits;
    };

    /// Borrows all its arguments. `handled` is called when a handler has ended.
    Signals(const Parts& parts, SignalPort& port, SignalHandlers& handlers, int concurrency,
            std::function<void()> handled);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() = default;

    /// Starts claiming signals, unless it is draining.
    void accept();

    /// A handler was registered: looks again at signals that this worker could not handle.
    void look_again();

    /// The handler has raised an exception, which the status shows: in one line, with the file and
    /// line that raised it. finished() follows.
    void note_failure(const HeldSignal& signal, std::string_view error, std::string_view where);

    /// The handler has ended. Destroys `signal`.
    void finished(HeldSignal& signal, bool failed);

    /// Claims no more. Claimed signals that wait for their turn are left to other workers.
    void drain();

    /// No handler runs.
    [[nodiscard]] bool idle() const { return running_ == 0; }

    /// Signals whose handlers run.
    [[nodiscard]] std::vector<HeldSignal*> running() const;

    /// Queues for an application's lock and returns the ticket; granted() may be called before this
    /// returns. SignalPort::locks().cancel() leaves the queue.
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
    std::set<unsigned> rows_;  ///< locks that somebody in this worker waits for
    std::size_t running_ = 0;
    bool draining_ = false;
    bool full_ = false;  ///< stopped claiming because too many are held
};

}  // namespace geventd::worker
