// SPDX-License-Identifier: MIT
#include "worker/python/forked_child.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

#include <dlfcn.h>

#include "child_hub_py.h"
#include "forked_py.h"
#include "worker/python/api/process_title.h"
#include "worker/python/error.h"

namespace geventd::py {

namespace {

struct State {
    PyObject* prepare = nullptr;  ///< of forked.py; owned, for good
    PyObject* end = nullptr;
    bool python_forks = false;  ///< Python's own fork() is on its way and will tell us
};

State state;

// A child that cannot be made fit for gevent would go on with the worker's loop.
void prepare() {
    const Ref done = Ref::steal(PyObject_CallNoArgs(state.prepare));
    if (!done) {
        PyErr_Print();
        ::_exit(1);
    }
}

int prepare_later(void*) {
    prepare();
    return 0;
}

// In the child, before fork() returns. The lock of Py_AddPendingCall is one that another thread has
// for a moment, when it asks for a call itself: a fork at just that moment would stand still here.
// Python's own forks, which make that lock anew, do not come to it.
void on_fork() noexcept {
    show_child_title();
    if (!state.python_forks) {
        Py_AddPendingCall(prepare_later, nullptr);
    }
}

PyObject* before_fork(PyObject*, PyObject*) noexcept {
    state.python_forks = true;
    Py_RETURN_NONE;
}

PyObject* after_fork_in_parent(PyObject*, PyObject*) noexcept {
    state.python_forks = false;
    Py_RETURN_NONE;
}

PyObject* after_fork_in_child(PyObject*, PyObject*) noexcept {
    state.python_forks = false;
    if (worker::is_forked_child()) {
        prepare();
    }
    Py_RETURN_NONE;
}

void register_hooks() {
    static PyMethodDef before{"geventd_before_fork", before_fork, METH_NOARGS, nullptr};
    static PyMethodDef in_parent{"geventd_after_fork", after_fork_in_parent, METH_NOARGS, nullptr};
    static PyMethodDef in_child{"geventd_forked", after_fork_in_child, METH_NOARGS, nullptr};
    const Ref function = imported("os", "register_at_fork");
    const Ref hooks = checked(PyDict_New());
    for (const auto& [name, definition] : {std::pair{"before", &before},
                                           {"after_in_parent", &in_parent},
                                           {"after_in_child", &in_child}}) {
        const Ref hook = checked(PyCFunction_New(definition, nullptr));
        if (PyDict_SetItemString(hooks.get(), name, hook.get()) < 0) {
            throw_pending();
        }
    }
    const Ref nothing = checked(PyTuple_New(0));
    checked(PyObject_Call(function.get(), nothing.get(), hooks.get()));
}

Ref load_part(const char* name, const char* file, const char* source) {
    const Ref code = checked(Py_CompileString(source, file, Py_file_input));
    return checked(PyImport_ExecCodeModule(name, code.get()));
}

}  // namespace

void watch_forks(const Interpreter& python) {
    load_part("_geventd_child_hub", "<geventd>/child_hub.py", kChildHubPy);
    const Ref module = load_part("_geventd_forked", "<geventd>/forked.py", kForkedPy);
    const Ref leave = python.boot("leave");
    checked(PyObject_CallMethod(module.get(), "set_up", "O", leave.get()));
    state.prepare = checked(PyObject_GetAttrString(module.get(), "prepare")).release();
    state.end = checked(PyObject_GetAttrString(module.get(), "end")).release();
    register_hooks();
    worker::give_up_in_forked_children(on_fork);
}

void end_if_forked() noexcept {
    if (!worker::is_forked_child()) {
        return;
    }
    const Ref exception = take_exception();
    prepare();
    // Returns only if it fails.
    static_cast<void>(
        Ref::steal(PyObject_CallOneArg(state.end, exception ? exception.get() : Py_None)));
    PyErr_Print();
    ::_exit(1);
}

}  // namespace geventd::py
