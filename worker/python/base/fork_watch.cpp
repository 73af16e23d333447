// SPDX-License-Identifier: MIT
#include "worker/python/base/fork_watch.h"

#include <unistd.h>

#include <utility>

#include "child_hub_py.h"
#include "forked_py.h"
#include "worker/process/forked.h"
#include "worker/python/base/boot_part.h"

namespace geventd::py {

namespace {

constexpr const char* kCapsuleName = "geventd.fork_watch";

ForkWatch& watch_of(PyObject* self) {
    return *static_cast<ForkWatch*>(PyCapsule_GetPointer(self, kCapsuleName));
}

}  // namespace

ForkWatch::ForkWatch(const Ref& leave, ProcessTitle& title) : title_(title) {
    load_part("_geventd_child_hub", "<geventd>/child_hub.py", kChildHubPy);
    const Ref module = load_part("_geventd_forked", "<geventd>/forked.py", kForkedPy);
    checked(PyObject_CallMethod(module.get(), "set_up", "O", leave.get()));
    prepare_ = checked(PyObject_GetAttrString(module.get(), "prepare"));
    end_ = checked(PyObject_GetAttrString(module.get(), "end"));
    register_hooks();
    worker::give_up_in_forked_children(*this);
}

void ForkWatch::register_hooks() {
    static PyMethodDef before{"geventd_before_fork", before_fork, METH_NOARGS, nullptr};
    static PyMethodDef in_parent{"geventd_after_fork", after_fork_in_parent, METH_NOARGS, nullptr};
    static PyMethodDef in_child{"geventd_forked", after_fork_in_child, METH_NOARGS, nullptr};
    const Ref function = imported("os", "register_at_fork");
    const Ref self = checked(PyCapsule_New(this, kCapsuleName, nullptr));
    const Ref hooks = checked(PyDict_New());
    for (const auto& [name, definition] : {std::pair{"before", &before},
                                           {"after_in_parent", &in_parent},
                                           {"after_in_child", &in_child}}) {
        const Ref hook = checked(PyCFunction_New(definition, self.get()));
        if (PyDict_SetItemString(hooks.get(), name, hook.get()) < 0) {
            throw_pending();
        }
    }
    const Ref nothing = checked(PyTuple_New(0));
    checked(PyObject_Call(function.get(), nothing.get(), hooks.get()));
}

// A child that cannot be made fit for gevent would go on with the worker's loop.
void ForkWatch::prepare() const noexcept {
    const Ref done = Ref::steal(PyObject_CallNoArgs(prepare_.get()));
    if (!done) {
        PyErr_Print();
        ::_exit(1);
    }
}

int ForkWatch::prepare_later(void* self) noexcept {
    static_cast<const ForkWatch*>(self)->prepare();
    return 0;
}

// In the child, before fork() returns. The lock of Py_AddPendingCall is one that another thread has
// for a moment, when it asks for a call itself: a fork at just that moment would stand still here.
// Python's own forks, which make that lock anew, do not come to it.
void ForkWatch::on_forked_child() noexcept {
    title_.show_in_child();
    if (!python_forks_) {
        Py_AddPendingCall(prepare_later, this);
    }
}

PyObject* ForkWatch::before_fork(PyObject* self, PyObject*) noexcept {
    watch_of(self).python_forks_ = true;
    Py_RETURN_NONE;
}

PyObject* ForkWatch::after_fork_in_parent(PyObject* self, PyObject*) noexcept {
    watch_of(self).python_forks_ = false;
    Py_RETURN_NONE;
}

PyObject* ForkWatch::after_fork_in_child(PyObject* self, PyObject*) noexcept {
    ForkWatch& watch = watch_of(self);
    watch.python_forks_ = false;
    if (worker::is_forked_child()) {
        watch.prepare();
    }
    Py_RETURN_NONE;
}

void ForkWatch::end_child() const noexcept {
    const Ref exception = take_exception();
    prepare();
    // Returns only if it fails.
    static_cast<void>(
        Ref::steal(PyObject_CallOneArg(end_.get(), exception ? exception.get() : Py_None)));
    PyErr_Print();
    ::_exit(1);
}

}  // namespace geventd::py
