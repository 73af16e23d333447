// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/error.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// A Python function without arguments that calls a member function of a C++ object, which outlives
/// it. The method is noexcept and returns nothing; `name` is what tracebacks and people see:
///
///     static constexpr char kName[] = "geventd_turn";
///     Ref function = bound_function<kName, &HubBridge::on_turn>(this);
template <const char* name, auto method, typename Owner>
Ref bound_function(Owner* owner) {
    constexpr auto kCall = [](PyObject* capsule, PyObject*) noexcept -> PyObject* {
        (static_cast<Owner*>(PyCapsule_GetPointer(capsule, name))->*method)();
        Py_RETURN_NONE;
    };
    static PyMethodDef definition{name, kCall, METH_NOARGS, nullptr};
    const Ref capsule = checked(PyCapsule_New(owner, name, nullptr));
    return checked(PyCFunction_New(&definition, capsule.get()));
}

}  // namespace geventd::py
