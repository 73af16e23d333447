// SPDX-License-Identifier: MIT
#include <chrono>
#include <cmath>

#include "worker/python/api/api.h"
#include "worker/python/api/handler_runner.h"
#include "worker/python/base/add_object.h"
#include "worker/python/wsgi/request_runner.h"

// set_timeout, RequestTimeout.

namespace geventd::py {

namespace {

constexpr double kLongestTime = 30 * 86400.0;  // seconds

// None means no limit. False with a ValueError or TypeError.
bool read_time(PyObject* object, Duration& time) {
    const double seconds = object == Py_None ? 0 : PyFloat_AsDouble(object);
    if (seconds == -1 && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (!std::isfinite(seconds) || seconds < 0 || seconds > kLongestTime) {
        PyErr_Format(PyExc_ValueError, "a time limit is a number of seconds up to 30 days, not %R",
                     object);
        return false;
    }
    time = std::chrono::milliseconds(std::llround(std::ceil(seconds * 1000)));
    return true;
}

// The limit of the request or handler that the calling greenlet runs; null with a RuntimeError.
worker::TimeLimit* current_limit(const Api& api) {
    const Api::Serving& serving = api.serving();
    if (serving.bridge != nullptr) {
        const worker::Greenlet* greenlet = serving.bridge->running_greenlet();
        const Response* response = greenlet == nullptr || serving.requests == nullptr
                                       ? nullptr
                                       : serving.requests->find(greenlet);
        if (response != nullptr && response->request().exchange != nullptr) {
            return &response->request().limit;
        }
        if (worker::HeldSignal* signal =
                greenlet == nullptr ? nullptr : serving.runner->current()) {
            return &signal->limit;
        }
    }
    PyErr_SetString(PyExc_RuntimeError,
                    "set_timeout() works in the greenlet that runs a request or a signal's "
                    "handler: use gevent.Timeout in others");
    return nullptr;
}

PyObject* set_timeout(PyObject* module, PyObject* args, PyObject* keywords) noexcept {
    static const char* names[] = {"seconds", "extend", nullptr};
    PyObject* seconds = nullptr;
    int extend = 1;
    Duration time{};
    const Api* api = api_of(module);
    if (api == nullptr ||
        PyArg_ParseTupleAndKeywords(args, keywords, "O|$p:set_timeout", const_cast<char**>(names),
                                    &seconds, &extend) == 0 ||
        !read_time(seconds, time)) {
        return nullptr;
    }
    worker::TimeLimit* limit = current_limit(*api);
    if (limit == nullptr) {
        return nullptr;
    }
    worker::TimeLimits& limits = api->serving().bridge->worker().time_limits();
    if (extend != 0) {
        limits.replace(*limit, time);
    } else {
        limits.tighten(*limit, time);
    }
    Py_RETURN_NONE;
}

}  // namespace

int add_time_types(PyObject* module) {
    const Ref exception = Ref::steal(PyErr_NewExceptionWithDoc(
        "geventd.RequestTimeout",
        "Raised in the greenlet of a request, or of a signal's handler, whose time is over. It is\n"
        "no Exception, so that `except Exception` lets it through: clean up and let it pass. Two\n"
        "seconds later a greenlet that goes on gets GreenletExit.",
        PyExc_BaseException, nullptr));
    return exception ? add_object(module, "RequestTimeout", exception.get()) : -1;
}

PyMethodDef time_functions[] = {
    {"set_timeout", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&set_timeout)),
     METH_VARARGS | METH_KEYWORDS,
     "set_timeout(seconds, *, extend=True)\n--\n\n"
     "In the greenlet of a request or a signal's handler: ends it by RequestTimeout so many\n"
     "seconds from now, whatever limits.request-time or signals.handler-time say; None or 0: "
     "never.\n"
     "With extend=False never later than those say; None or 0 goes back to them.\n"
     "Once its time is over nothing can be changed any more, and nothing happens.\n\n"
     "RuntimeError: called elsewhere. ValueError: seconds is negative or more than 30 days."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
