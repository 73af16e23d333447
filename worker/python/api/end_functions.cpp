// SPDX-License-Identifier: MIT
#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <ctime>
#include <string_view>

#include "log/logger.h"
#include "worker/python/api/native_module.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

// How often insist() calls at most: a function that always raises must not hang the process.
constexpr int kMostInsisted = 1000;

std::string_view text_of(PyObject* text) {
    Py_ssize_t size = 0;
    const char* bytes = PyUnicode_AsUTF8AndSize(text, &size);
    if (bytes == nullptr) {
        PyErr_Clear();
        return "(a text that cannot be shown)";
    }
    return {bytes, static_cast<std::size_t>(size)};
}

PyObject* warn(PyObject*, PyObject* text) noexcept {
    log::warning("{}", text_of(text));
    Py_RETURN_NONE;
}

PyObject* error(PyObject*, PyObject* text) noexcept {
    log::error("{}", text_of(text));
    Py_RETURN_NONE;
}

// For a Python function that must not raise. It cannot ensure that itself, because handlers of Unix
// signals may run, and raise, before its first instruction.
PyObject* insist(PyObject*, PyObject* args) noexcept {
    PyObject* const function = PyTuple_Size(args) > 0 ? PyTuple_GET_ITEM(args, 0) : nullptr;
    if (function == nullptr) {
        PyErr_SetString(PyExc_TypeError, "insist() takes a function");
        return nullptr;
    }
    Ref given = Ref::steal(PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args)));
    for (int left = kMostInsisted; given && left > 0; --left) {
        Ref result = Ref::steal(PyObject_CallObject(function, given.get()));
        if (result) {
            return result.release();
        }
        const Ref raised = take_exception();
        given =
            Ref::steal(raised ? Py_BuildValue("OO", Py_TYPE(raised.get()), raised.get()) : nullptr);
    }
    PyErr_Clear();
    Py_RETURN_NONE;
}

timespec duration(double seconds) {
    const double whole = std::floor(seconds);
    return {static_cast<time_t>(whole),
            static_cast<decltype(timespec::tv_nsec)>((seconds - whole) * 1e9)};
}

// A kernel timer: it needs neither the GIL nor a thread, and children do not inherit it.
PyObject* start_alarm(PyObject* module, PyObject* args) noexcept {
    NativeState& state = native_state_of(module);
    double first = 0;
    double again = 0;
    if (!PyArg_ParseTuple(args, "dd:start_alarm", &first, &again)) {
        return nullptr;
    }
    if (state.alarm_owner != ::getpid()) {
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = alarm_signal();
        event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
        if (::timer_create(CLOCK_MONOTONIC, &event, &state.alarm) != 0) {
            return PyErr_SetFromErrno(PyExc_OSError);
        }
        state.alarm_owner = ::getpid();
    }
    const itimerspec times{duration(again), duration(first)};
    if (::timer_settime(state.alarm, 0, &times, nullptr) != 0) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

PyObject* stop_alarm(PyObject* module, PyObject*) noexcept {
    const NativeState& state = native_state_of(module);
    if (state.alarm_owner == ::getpid()) {
        const itimerspec never{};
        ::timer_settime(state.alarm, 0, &never, nullptr);
    }
    Py_RETURN_NONE;
}

}  // namespace

PyMethodDef end_functions[] = {
    {"warn", warn, METH_O, "warn(text): writes a warning to the server's log."},
    {"error", error, METH_O, "error(text): writes an error to the server's log."},
    {"insist", insist, METH_VARARGS,
     "insist(function, kind, error, trace): calls the function with the rest; when it raises, with "
     "that instead, until it returns."},
    {"start_alarm", start_alarm, METH_VARARGS,
     "start_alarm(first, again): sends this thread ALARM in so many seconds, then every so many."},
    {"stop_alarm", stop_alarm, METH_NOARGS, "stop_alarm(): sends it no more."},
    {nullptr, nullptr, 0, nullptr},
};

int alarm_signal() {
    return SIGRTMAX - 5;
}

}  // namespace geventd::py
