// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/error.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// Makes a module of a piece of geventd's own Python, whose source is part of the program. `file`
/// is what tracebacks name. Throws PythonError.
inline Ref load_part(const char* name, const char* file, const char* source) {
    const Ref code = checked(Py_CompileString(source, file, Py_file_input));
    return checked(PyImport_ExecCodeModule(name, code.get()));
}

}  // namespace geventd::py
