// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/hub_bridge.h"
#include "worker/python/ref.h"
#include "worker/python/wsgi/response.h"

namespace geventd::py {

/// Registers the type of start_response objects. Called once. Throws PythonError.
void register_start_response_type(HubBridge& bridge);

/// The start_response callable of a request. It owns the request's Response, since an application
/// may keep it, and the write() that it returns, for longer than the request. Empty with a Python
/// exception set when out of memory.
Ref make_start_response(worker::Request& request);

/// The Response in a start_response object.
Response& response_of(PyObject* start_response);

}  // namespace geventd::py
