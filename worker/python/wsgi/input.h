// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/hub_bridge.h"
#include "worker/python/ref.h"
#include "worker/request.h"

namespace geventd::py {

/// Registers the type of wsgi.input objects. Called once. Throws PythonError.
void register_input_type(HubBridge& bridge);

/// The wsgi.input of a request: read, readline, readlines, iteration; each waits for bytes as
/// needed without blocking the worker. Requests without a body share one empty object.
/// Empty with a Python exception set when out of memory.
Ref make_input(worker::Request& request);

/// The status that a failed read of the body asks for (400, 408, 413), when `exception` is one;
/// else 0.
int status_of_input_error(PyObject* exception);

}  // namespace geventd::py
