// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/wsgi/response.h"

namespace geventd::py {

/// The type of the start_response callables.
/// Lives in: worker, Python side. GIL held.
class StartResponseType {
  public:
    /// Throws PythonError. The bridge is borrowed for as long as Python runs.
    explicit StartResponseType(HubBridge& bridge);

    /// The start_response callable of a request. It owns the request's Response, since an
    /// application may keep it, and the write() that it returns, for longer than the request.
    /// Empty with a Python exception set when out of memory.
    [[nodiscard]] Ref make(worker::Request& request) const;

  private:
    HubBridge& bridge_;
    Ref type_;
};

/// The function wsgi.early_hints for the request of a start_response object. Empty with a Python
/// exception set when out of memory.
Ref make_early_hints(PyObject* start_response);

/// The Response in a start_response object.
Response& response_of(PyObject* start_response);

}  // namespace geventd::py
