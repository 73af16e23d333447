// SPDX-License-Identifier: MIT
#include "worker/python/base/unix_signals.h"

#include <Python.h>

#include <csignal>

#include "worker/process/interrupts.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

// A Python handler of Unix signals: its arguments are the number and the frame.
PyObject* on_interrupt(PyObject*, PyObject* arguments) noexcept {
    int number = 0;
    PyObject* frame = nullptr;
    if (PyArg_ParseTuple(arguments, "iO", &number, &frame) == 0) {
        return nullptr;
    }
    worker::take_interrupt(number);
    Py_RETURN_NONE;
}

}  // namespace

void show_interrupts_to_python() {
    static PyMethodDef definition{"left_to_geventd", &on_interrupt, METH_VARARGS, nullptr};
    const Ref handler = checked(PyCFunction_New(&definition, nullptr));
    const Ref set = imported("_signal", "signal");
    for (const int number : worker::kInterrupts) {
        struct sigaction ours {};

        ::sigaction(number, nullptr, &ours);
        checked(PyObject_CallFunction(set.get(), "iO", number, handler.get()));
        // The kernel still calls our own handler, which acts at once, whatever Python does.
        ::sigaction(number, &ours, nullptr);
    }
}

}  // namespace geventd::py
