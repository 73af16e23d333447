// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/signals/signals.h"

namespace geventd::py {

/// Which greenlets of this worker hold, or wait for, the locks that all workers share. A greenlet
/// waits for a gevent Event, so the hub goes on, and kills and timeouts end the wait as usual.
/// Lives in: worker, Python side. One a process, while it serves.
class LockWaits {
  public:
    enum class Outcome { Acquired, TimedOut, Error };

    /// Throws PythonError.
    explicit LockWaits(HubBridge& bridge);

    /// Sets the loop side's signals, which grant the locks. Called before the first wait.
    void wait_by(worker::Signals& signals);

    /// Takes the lock for the calling greenlet; waits at most `timeout` seconds (none: for ever).
    /// May switch. Error: with a Python exception set.
    Outcome await_acquire(unsigned lock, std::optional<double> timeout);

    /// False with a RuntimeError when this worker does not hold the lock.
    bool release(unsigned lock);

    void granted(unsigned lock, std::uint64_t ticket) noexcept;

    /// The request's greenlet, or that of a signal's handler, comes to its end: warns of each lock
    /// that it still holds, and shows that in the status. Such locks stay held: another greenlet
    /// may be there to free them.
    void request_ended(const worker::Request& request);
    void handler_ended(const PyObject* greenlet, unsigned signal);

  private:
    using Place = std::pair<unsigned, std::uint64_t>;  ///< lock and ticket

    struct Wait {
        Ref event;
        bool granted = false;
    };

    Outcome await_turn(unsigned cell, std::optional<double> timeout);
    template <typename Name>
    void tell_left(const PyObject* greenlet, Name name);

    HubBridge& bridge_;
    worker::Signals* signals_ = nullptr;
    Ref event_class_;
    std::map<Place, Wait> waits_;
    std::vector<Ref> owners_;  ///< by lock: the greenlet that took it; empty: none, or it has ended
};

}  // namespace geventd::py
