// SPDX-License-Identifier: MIT
#include <cmath>
#include <optional>

#include "worker/python/api/api.h"
#include "worker/python/api/lock_waits.h"

// lock, unlock, is_locked.

namespace geventd::py {

namespace {

bool read_lock(const Api& api, PyObject* object, unsigned& lock) {
    const std::int64_t value = object == nullptr ? 0 : PyLong_AsLong(object);
    if (value == -1 && PyErr_Occurred() != nullptr) {
        return false;
    }
    const unsigned locks = api.boot().signals->user_locks();
    if (value < 0 || value >= static_cast<std::int64_t>(locks)) {
        PyErr_Format(PyExc_ValueError,
                     "there is no lock %ld: signals.locks is %u, so %u is the last", value, locks,
                     locks - 1);
        return false;
    }
    lock = static_cast<unsigned>(value);
    return true;
}

bool read_timeout(PyObject* object, std::optional<double>& timeout) {
    if (object == nullptr || object == Py_None) {
        return true;
    }
    const double seconds = PyFloat_AsDouble(object);
    if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (std::isnan(seconds) || seconds < 0) {
        PyErr_SetString(PyExc_ValueError, "a timeout is a number of seconds, 0 or more");
        return false;
    }
    if (!std::isinf(seconds)) {
        timeout = seconds;
    }
    return true;
}

// Takes the lock, and returns whether it is held then; nullopt with an exception. May switch.
std::optional<bool> await_lock(Api& api, unsigned number, std::optional<double> timeout) {
    if (api.port() == nullptr) {
        return api.loading_locks().await_acquire(number, timeout);
    }
    const Api::Serving* parts = api.parts();
    const LockWaits::Outcome outcome =
        parts == nullptr ? LockWaits::Outcome::Error : parts->locks->await_acquire(number, timeout);
    return outcome == LockWaits::Outcome::Error
               ? std::nullopt
               : std::optional(outcome == LockWaits::Outcome::Acquired);
}

bool free_lock(Api& api, unsigned number) {
    if (api.port() == nullptr) {
        return api.loading_locks().release(number);
    }
    const Api::Serving* parts = api.parts();
    return parts != nullptr && parts->locks->release(number);
}

PyObject* lock(PyObject* module, PyObject* args, PyObject* kwargs) noexcept {
    static const char* const names[] = {"num", "timeout", nullptr};
    PyObject* num = nullptr;
    PyObject* limit = nullptr;
    unsigned number = 0;
    std::optional<double> timeout;
    Api* api = api_of(module);
    if (api == nullptr ||
        PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:lock", const_cast<char**>(names), &num,
                                    &limit) == 0 ||
        !read_lock(*api, num, number) || !read_timeout(limit, timeout)) {
        return nullptr;
    }
    const std::optional<bool> held = await_lock(*api, number, timeout);
    return held ? PyBool_FromLong(*held ? 1 : 0) : nullptr;
}

PyObject* unlock(PyObject* module, PyObject* args) noexcept {
    PyObject* num = nullptr;
    unsigned number = 0;
    Api* api = api_of(module);
    if (api == nullptr || PyArg_ParseTuple(args, "|O:unlock", &num) == 0 ||
        !read_lock(*api, num, number) || !free_lock(*api, number)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* is_locked(PyObject* module, PyObject* args) noexcept {
    PyObject* num = nullptr;
    unsigned number = 0;
    Api* api = api_of(module);
    if (api == nullptr || PyArg_ParseTuple(args, "|O:is_locked", &num) == 0 ||
        !read_lock(*api, num, number)) {
        return nullptr;
    }
    const shm::LockTable table = api->boot().signals->locks();
    const bool held =
        api->loading_locks().holds(number) || table.holder(shm::kNumberLocks + number);
    return PyBool_FromLong(held ? 1 : 0);
}

}  // namespace

PyMethodDef lock_functions[] = {
    {"lock", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&lock)),
     METH_VARARGS | METH_KEYWORDS,
     "lock(num=0, timeout=None)\n--\n\n"
     "Takes the lock num, which all workers share; waits for it in the order of the calls,\n"
     "timeout seconds at most. Other greenlets go on meanwhile. Returns whether the lock is held.\n"
     "A worker that dies leaves its locks free. A process that loads the application for all\n"
     "workers has locks of its own, which end with the loading.\n\n"
     "ValueError: there is no such lock (signals.locks). RuntimeError: this greenlet holds it\n"
     "already, or it would have to wait where greenlets cannot: in another thread or in the hub."},
    {"unlock", unlock, METH_VARARGS,
     "unlock(num=0, /)\n--\n\n"
     "Frees the lock; any greenlet of the worker that holds it may. ValueError: there is no such\n"
     "lock. RuntimeError: this worker does not hold it."},
    {"is_locked", is_locked, METH_VARARGS,
     "is_locked(num=0, /)\n--\n\n"
     "Whether any worker holds the lock. ValueError: there is no such lock."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
