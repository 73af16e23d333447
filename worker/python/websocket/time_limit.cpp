// SPDX-License-Identifier: MIT
#include "worker/python/websocket/time_limit.h"

#include <algorithm>
#include <climits>
#include <cmath>

#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

// It is TimeoutError itself since CPython 3.10.
Ref timeout_class() {
    const Ref module = Ref::steal(PyImport_ImportModule("socket"));
    return module ? Ref::steal(PyObject_GetAttrString(module.get(), "timeout")) : Ref();
}

Ref timeout_error() {
    const Ref type = timeout_class();
    return type ? Ref::steal(PyObject_CallFunction(type.get(), "s", "timed out")) : Ref();
}

}  // namespace

int TimeLimit::milliseconds() const {
    return seconds_ < 0 ? -1
                        : static_cast<int>(std::min<double>(std::ceil(seconds_ * 1000), INT_MAX));
}

Ref TimeLimit::object() const {
    return seconds_ < 0 ? Ref::borrow(Py_None) : Ref::steal(PyFloat_FromDouble(seconds_));
}

bool TimeLimit::set(PyObject* value) {
    if (value == Py_None) {
        seconds_ = kNone;
        return true;
    }
    const double seconds = PyFloat_AsDouble(value);
    if (seconds == -1 && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (!(seconds >= 0)) {
        PyErr_SetString(PyExc_ValueError, "Timeout value out of range");
        return false;
    }
    seconds_ = seconds;
    return true;
}

bool TimeLimit::raise() {
    if (const Ref error = timeout_error()) {
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
    }
    return false;
}

TimeLimitOfGreenlet::TimeLimitOfGreenlet(TimeLimit limit) {
    if (limit.seconds_ < 0) {
        begun_ = true;
        return;
    }
    const Ref module = Ref::steal(PyImport_ImportModule("gevent"));
    const Ref error = module ? timeout_error() : Ref();
    if (error) {
        timeout_ = Ref::steal(
            PyObject_CallMethod(module.get(), "Timeout", "dO", limit.seconds_, error.get()));
        begun_ = timeout_ && Ref::steal(PyObject_CallMethod(timeout_.get(), "start", nullptr));
    }
}

// Keeps the exception of what has been waited for.
TimeLimitOfGreenlet::~TimeLimitOfGreenlet() {
    if (!timeout_) {
        return;
    }
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* trace = nullptr;
    PyErr_Fetch(&type, &value, &trace);
    if (!Ref::steal(PyObject_CallMethod(timeout_.get(), "close", nullptr))) {
        PyErr_Clear();
    }
    PyErr_Restore(type, value, trace);
}

}  // namespace geventd::py
