// SPDX-License-Identifier: MIT
#include "worker/python/api/lock_waits.h"

#include <fmt/core.h>

#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/base/greenlet_object.h"

namespace geventd::py {

namespace {

// In the memory, the application's locks follow the locks of the signal numbers.
constexpr unsigned cell_of(unsigned lock) {
    return shm::kNumberLocks + lock;
}

}  // namespace

LockWaits::LockWaits(HubBridge& bridge)
    : bridge_(bridge), event_class_(imported("gevent.event", "Event")) {}

void LockWaits::wait_by(worker::Signals& signals) {
    signals_ = &signals;
    owners_.resize(signals.port().region().user_locks());
}

LockWaits::Outcome LockWaits::await_acquire(unsigned lock, std::optional<double> timeout) {
    shm::LockClient& locks = signals_->port().locks();
    const Ref self = bridge_.current_greenlet();
    if (locks.holds(cell_of(lock)) && owners_[lock].get() == self.get()) {
        PyErr_Format(PyExc_RuntimeError, "lock %u is held by this greenlet already", lock);
        return Outcome::Error;
    }
    if (locks.try_acquire(cell_of(lock))) {
        owners_[lock] = self.copy();
        return Outcome::Acquired;
    }
    if (timeout && *timeout <= 0) {
        return Outcome::TimedOut;
    }
    if (!bridge_.can_wait("a lock")) {
        return Outcome::Error;
    }
    const Outcome outcome = await_turn(cell_of(lock), timeout);
    if (outcome == Outcome::Acquired) {
        owners_[lock] = self.copy();
    }
    return outcome;
}

LockWaits::Outcome LockWaits::await_turn(unsigned cell, std::optional<double> timeout) {
    const Ref event = Ref::steal(PyObject_CallNoArgs(event_class_.get()));
    const Ref seconds = timeout ? Ref::steal(PyFloat_FromDouble(*timeout)) : Ref::borrow(Py_None);
    if (!event || !seconds) {
        return Outcome::Error;
    }
    const Place place{cell - shm::kNumberLocks, signals_->wait_for_lock(cell)};
    waits_[place].event = event.copy();
    signals_->advance(cell);
    const Ref waited = Ref::steal(PyObject_CallMethod(event.get(), "wait", "O", seconds.get()));
    const bool granted = waits_[place].granted;
    waits_.erase(place);
    if (granted && waited) {
        return Outcome::Acquired;
    }
    shm::LockClient& locks = signals_->port().locks();
    if (granted) {
        locks.release(cell);  // it was granted while the wait was ended
    } else {
        locks.cancel(cell, place.second);
    }
    return waited ? Outcome::TimedOut : Outcome::Error;
}

void LockWaits::granted(unsigned lock, std::uint64_t ticket) noexcept {
    const auto wait = waits_.find({lock, ticket});
    if (wait == waits_.end()) {
        signals_->port().locks().release(cell_of(lock));
        return;
    }
    wait->second.granted = true;
    const Ref set = Ref::steal(PyObject_CallMethod(wait->second.event.get(), "set", nullptr));
    if (!set) {
        PyErr_WriteUnraisable(wait->second.event.get());
    }
}

bool LockWaits::release(unsigned lock) {
    shm::LockClient& locks = signals_->port().locks();
    if (!locks.holds(cell_of(lock))) {
        PyErr_Format(PyExc_RuntimeError, "lock %u is not held by this worker", lock);
        return false;
    }
    const Ref owner = std::move(owners_[lock]);  // its end may run code of the application
    locks.release(cell_of(lock));
    return true;
}

template <typename Name>
void LockWaits::tell_left(const PyObject* greenlet, Name name) {
    for (unsigned lock = 0; lock < owners_.size(); ++lock) {
        if (greenlet == nullptr || owners_[lock].get() != greenlet) {
            continue;
        }
        owners_[lock].reset();
        if (!signals_->port().locks().holds(cell_of(lock))) {
            continue;
        }
        signals_->port().locks().show_left(cell_of(lock));
        log::warning(
            "{} has ended and still holds lock {}: nobody else gets it until a greenlet of this "
            "worker calls unlock({}) or the worker ends",
            name(), lock, lock);
    }
}

void LockWaits::request_ended(const worker::Request& request) {
    tell_left(object_of(request.runner), [&request] {
        return fmt::format("{} {} (request {})", request.head.method, request.path_info,
                           request.id);
    });
}

void LockWaits::handler_ended(const PyObject* greenlet, unsigned signal) {
    tell_left(greenlet, [signal] { return fmt::format("the handler of signal {}", signal); });
}

}  // namespace geventd::py
