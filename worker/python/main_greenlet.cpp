// SPDX-License-Identifier: MIT
#include "worker/python/main_greenlet.h"

#include <greenlet.h>

#include "log/logger.h"
#include "worker/python/error.h"
#include "worker/python/forked_child.h"

namespace geventd::py {

namespace {

PyGreenlet* as_greenlet(const Ref& greenlet) {
    return reinterpret_cast<PyGreenlet*>(greenlet.get());
}

Ref thrown_into(const Ref& greenlet, const Ref& exception) {
    return Ref::steal(PyGreenlet_Throw(as_greenlet(greenlet),
                                       reinterpret_cast<PyObject*>(Py_TYPE(exception.get())),
                                       exception.get(), nullptr));
}

}  // namespace

void log_handed_over() {
    const Ref exception = take_exception();
    log::error(
        "a greenlet, a callback of gevent's loop or a handler of Unix signals raised what "
        "would end a program; this worker goes on:\n{}",
        exception ? traceback_text(exception.get()) : "an unknown Python error");
}

Ref await_shielded(PyObject* function, PyObject* argument) {
    // The hub is made here, so that its parent is the main greenlet and not one that ends.
    const Ref hub = checked(PyObject_CallNoArgs(imported("gevent", "get_hub").get()));
    const Ref loop_exit = imported("gevent.exceptions", "LoopExit");
    const Ref arguments = checked(argument != nullptr ? PyTuple_Pack(1, argument) : PyTuple_New(0));
    if (_PyGreenlet_API == nullptr) {
        PyGreenlet_Import();
    }
    const Ref runner = checked(reinterpret_cast<PyObject*>(PyGreenlet_New(function, nullptr)));
    Ref result = Ref::steal(PyGreenlet_Switch(as_greenlet(runner), arguments.get(), nullptr));
    while (PyGreenlet_ACTIVE(as_greenlet(runner)) != 0) {
        if (!result && PyErr_ExceptionMatches(loop_exit.get()) != 0) {
            // Nothing is left that could ever wake it: so it would be told in the main greenlet.
            const Ref exception = take_exception();
            result = thrown_into(runner, exception);
            continue;
        }
        if (!result) {
            end_if_forked();
            log_handed_over();
        }
        result = Ref::steal(PyGreenlet_Switch(as_greenlet(hub), nullptr, nullptr));
    }
    return result;
}

}  // namespace geventd::py
