// SPDX-License-Identifier: MIT
#include "worker/python/hub/main_greenlet.h"

#include "log/logger.h"
#include "worker/process/forked.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

// How often handle_error() calls at most: one that always raises means to end the process.
constexpr int kMostCalls = 1000;

// Arguments: context, type, value, traceback. In a child that the application has forked, a
// SystemExit ends it.
PyObject* handle_error(PyObject* hub, PyObject* args) noexcept {
    Ref given = Ref::borrow(args);
    for (int left = kMostCalls;; --left) {
        const Ref function = Ref::steal(PyObject_GetAttrString(hub, "handle_error"));
        Ref result =
            Ref::steal(function ? PyObject_CallObject(function.get(), given.get()) : nullptr);
        if (result || left == 1 || worker::is_forked_child() ||
            PyErr_ExceptionMatches(PyExc_SystemExit) == 0) {
            return result.release();
        }
        const Ref raised = take_exception();
        const Ref trace = Ref::steal(PyException_GetTraceback(raised.get()));
        given = Ref::steal(Py_BuildValue("OOOO", Py_None, Py_TYPE(raised.get()), raised.get(),
                                         trace ? trace.get() : Py_None));
        if (!given) {
            return nullptr;
        }
    }
}

}  // namespace

void log_handed_over() {
    const Ref exception = take_exception();
    log::error(
        "a greenlet, a callback of gevent's loop or a handler of Unix signals raised what "
        "would end a program; this worker goes on:\n{}",
        exception ? traceback_text(exception.get()) : "an unknown Python error");
}

Ref lasting_error_handler(PyObject* hub) {
    static PyMethodDef definition{"geventd_handle_error", handle_error, METH_VARARGS,
                                  "Hands an exception that nobody has caught to the hub."};
    return checked(PyCFunction_New(&definition, hub));
}

}  // namespace geventd::py
