// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/error.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// Makes a module from a part of geventd's own Python, whose source is compiled into the program.
/// `file` is the name in tracebacks. Throws PythonError.
inline Ref load_part(const char* name, const char* file, const char* source) {
    const Ref code = checked(Py_CompileString(source, file, Py_file_input));
    return checked(PyImport_ExecCodeModule(name, code.get()));
}

}  // namespace geventd::py
