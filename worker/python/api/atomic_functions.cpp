// SPDX-License-Identifier: MIT
#include <new>

#include "worker/python/api/atomic_sections.h"
#include "worker/python/api/native_module.h"

// hold, let_go: what py/atomic.py is made of. Without time slices, and in other threads than the
// hub's, they do nothing.

namespace geventd::py {

namespace {

PyObject* hold(PyObject* module, PyObject*) noexcept {
    const NativeState& state = native_state_of(module);
    const worker::Greenlet* greenlet =
        state.sections == nullptr ? nullptr : state.bridge->running_greenlet();
    if (greenlet != nullptr) {
        try {
            state.sections->enter(greenlet);
        } catch (const std::bad_alloc&) {
            return PyErr_NoMemory();
        }
    }
    Py_RETURN_NONE;
}

PyObject* let_go(PyObject* module, PyObject*) noexcept {
    const NativeState& state = native_state_of(module);
    const worker::Greenlet* greenlet =
        state.sections == nullptr ? nullptr : state.bridge->running_greenlet();
    if (greenlet != nullptr) {
        state.sections->leave(greenlet);
    }
    Py_RETURN_NONE;
}

}  // namespace

PyMethodDef atomic_functions[] = {
    {"hold", hold, METH_NOARGS,
     "hold()\n--\n\nNo time slice of the calling greenlet ends before let_go() was called as "
     "often."},
    {"let_go", let_go, METH_NOARGS, "let_go()\n--\n\nUndoes one hold()."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
