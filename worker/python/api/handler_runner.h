// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstdint>
#include <unordered_map>

#include "worker/python/api/lock_waits.h"
#include "worker/python/api/signal_book.h"
#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/signals/signals.h"

namespace geventd::py {

/// Runs the handlers of signals, each in a fresh greenlet under the hub.
/// Lives in: worker, Python side. One a process, while it serves.
class HandlerRunner final : public worker::SignalHandlers {
  public:
    /// What is passed is borrowed for the object's life. Throws PythonError.
    HandlerRunner(const Interpreter& python, HubBridge& bridge, const SignalBook& book,
                  LockWaits& locks);

    /// Who is told when a handler is over; before the first signal.
    void report_to(worker::Signals& signals) { signals_ = &signals; }

    /// The signal whose handler runs in the calling greenlet; nullptr in others.
    [[nodiscard]] worker::HeldSignal* current() const;

    /// The signals whose handlers run, by greenlet.
    [[nodiscard]] const std::unordered_map<worker::Greenlet*, worker::HeldSignal*>& running()
        const {
        return running_;
    }

    /// From now on a handler that leaves by an exception is taken for one that was cut off by the
    /// end of its worker: its signal is delivered again by the master.
    void cut_off() { cut_off_ = true; }

    [[nodiscard]] worker::Overlap overlap(std::uint8_t number) const noexcept override;
    void start(worker::HeldSignal& signal) noexcept override;
    void granted(unsigned lock, std::uint64_t ticket) noexcept override;

  private:
    void run_started() noexcept;
    void run(worker::HeldSignal& signal);

    const Interpreter& python_;
    HubBridge& bridge_;
    const SignalBook& book_;
    LockWaits& locks_;
    worker::Signals* signals_ = nullptr;
    Ref run_function_;
    Ref request_timeout_;
    worker::HeldSignal* starting_ = nullptr;
    std::unordered_map<worker::Greenlet*, worker::HeldSignal*> running_;  ///< by greenlet
    bool cut_off_ = false;
};

}  // namespace geventd::py
