// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <span>

#include <marshal.h>

#include "worker/python/base/error.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// Makes a module from a part of geventd's own Python, which was compiled to bytecode when the
/// program was built. Throws PythonError.
inline Ref load_part(const char* name, std::span<const unsigned char> code) {
    const Ref loaded = checked(PyMarshal_ReadObjectFromString(
        reinterpret_cast<const char*>(code.data()), static_cast<Py_ssize_t>(code.size())));
    return checked(PyImport_ExecCodeModule(name, loaded.get()));
}

}  // namespace geventd::py
