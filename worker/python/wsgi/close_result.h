// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/interpreter.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// Calls close() of what the application has returned, if it has one, whatever happened before: an
/// exception that is set stays set, and close() sees it as sys.exc_info(). A failure of close() is
/// only logged. May switch greenlets. GIL held.
void await_close(const Interpreter& python, const worker::Request& request, PyObject* result);

}  // namespace geventd::py
