// SPDX-License-Identifier: MIT
#include "worker/python/api/loading_locks.h"

#include <utility>

namespace geventd::py {

namespace {

// What a function of a module returns. Empty with an exception.
Ref call(const char* module, const char* function) {
    const Ref imported = Ref::steal(PyImport_ImportModule(module));
    return imported ? Ref::steal(PyObject_CallMethod(imported.get(), function, nullptr)) : Ref();
}

}  // namespace

std::optional<bool> LoadingLocks::await_acquire(unsigned lock, std::optional<double> timeout) {
    Lock& place = locks_[lock];
    Ref self = call("greenlet", "getcurrent");
    if (self && !place.semaphore) {
        place.semaphore = call("gevent.lock", "Semaphore");
    }
    if (!self || !place.semaphore) {
        return std::nullopt;
    }
    if (place.owner.get() == self.get()) {
        PyErr_Format(PyExc_RuntimeError, "lock %u is held by this greenlet already", lock);
        return std::nullopt;
    }
    const Ref seconds = timeout ? Ref::steal(PyFloat_FromDouble(*timeout)) : Ref::borrow(Py_None);
    const Ref got = seconds ? Ref::steal(PyObject_CallMethod(place.semaphore.get(), "acquire", "OO",
                                                             Py_True, seconds.get()))
                            : Ref();
    if (!got) {
        return std::nullopt;
    }
    if (got.get() != Py_True) {
        return false;
    }
    place.owner = std::move(self);
    return true;
}

bool LoadingLocks::release(unsigned lock) {
    if (!holds(lock)) {
        PyErr_Format(PyExc_RuntimeError, "lock %u is not held by this process", lock);
        return false;
    }
    Lock& place = locks_[lock];
    const Ref owner = std::move(place.owner);  // its end may run code of the application
    return static_cast<bool>(
        Ref::steal(PyObject_CallMethod(place.semaphore.get(), "release", nullptr)));
}

void LoadingLocks::release_all() {
    for (auto& [number, lock] : locks_) {
        const Ref owner = std::move(lock.owner);
    }
}

bool LoadingLocks::holds(unsigned lock) const {
    const auto place = locks_.find(lock);
    return place != locks_.end() && place->second.owner;
}

std::vector<unsigned> LoadingLocks::held() const {
    std::vector<unsigned> numbers;
    for (const auto& [number, lock] : locks_) {
        if (lock.owner) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

}  // namespace geventd::py
