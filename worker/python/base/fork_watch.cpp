// SPDX-License-Identifier: MIT
#include "worker/python/base/fork_watch.h"

#include <unistd.h>

#include "child_hub_py.h"
#include "child_watchers_py.h"
#include "forked_py.h"
#include "worker/process/forked.h"
#include "worker/python/base/boot_part.h"
#include "worker/python/base/bound_function.h"

namespace geventd::py {

namespace {

constexpr char kBeforeName[] = "geventd_before_fork";
constexpr char kParentName[] = "geventd_after_fork";
constexpr char kChildName[] = "geventd_forked";

}  // namespace

ForkWatch::ForkWatch(const Ref& leave, ProcessTitle& title) : title_(title) {
    load_part("_geventd_child_watchers", kChildWatchersPy);
    load_part("_geventd_child_hub", kChildHubPy);
    const Ref module = load_part("_geventd_forked", kForkedPy);
    checked(PyObject_CallMethod(module.get(), "set_up", "O", leave.get()));
    prepare_ = checked(PyObject_GetAttrString(module.get(), "prepare"));
    end_ = checked(PyObject_GetAttrString(module.get(), "end"));
    register_hooks();
    worker::give_up_in_forked_children(*this);
}

void ForkWatch::register_hooks() {
    const Ref function = imported("os", "register_at_fork");
    const Ref hooks = checked(PyDict_New());
    const auto add = [&hooks](const char* when, const Ref& hook) {
        if (PyDict_SetItemString(hooks.get(), when, hook.get()) < 0) {
            throw_pending();
        }
    };
    add("before", bound_function<kBeforeName, &ForkWatch::before_fork>(this));
    add("after_in_parent", bound_function<kParentName, &ForkWatch::after_fork_in_parent>(this));
    add("after_in_child", bound_function<kChildName, &ForkWatch::after_fork_in_child>(this));
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

void ForkWatch::before_fork() noexcept {
    python_forks_ = true;
}

void ForkWatch::after_fork_in_parent() noexcept {
    python_forks_ = false;
}

void ForkWatch::after_fork_in_child() noexcept {
    python_forks_ = false;
    if (worker::is_forked_child()) {
        prepare();
    }
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
