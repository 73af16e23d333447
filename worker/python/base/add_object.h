// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/ref.h"

namespace geventd::py {

/// Makes the object an attribute of the module, which takes a reference of its own. Returns -1 with
/// a Python exception set when that fails: PyModule_AddObjectRef, which CPython 3.9 lacks.
inline int add_object(PyObject* module, const char* name, PyObject* object) {
    Ref given = Ref::borrow(object);
    if (PyModule_AddObject(module, name, given.get()) < 0) {
        return -1;
    }
    static_cast<void>(given.release());  // PyModule_AddObject has taken it
    return 0;
}

}  // namespace geventd::py
