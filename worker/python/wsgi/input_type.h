// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// The type of wsgi.input: read, readline, readlines, iteration; each waits for bytes as needed
/// without blocking the worker. Its objects point to this, so it lives as long as Python runs.
/// Lives in: worker, Python side. GIL held.
class InputType {
  public:
    /// Throws PythonError.
    explicit InputType(HubBridge& bridge);
    InputType(const InputType&) = delete;
    InputType& operator=(const InputType&) = delete;
    ~InputType() = default;

    /// The wsgi.input of a request. Requests without a body share one empty object. Empty with a
    /// Python exception set when out of memory.
    [[nodiscard]] Ref make(worker::Request& request) const;

    /// The status for a failed read of the body (400, 408, 413) if `exception` is of one; else 0.
    [[nodiscard]] int status_of_error(PyObject* exception) const;

    /// Sets the Python exception for a body that cannot be read.
    void set_error(const worker::Request& request) const;

    [[nodiscard]] HubBridge& bridge() const { return bridge_; }

  private:
    [[nodiscard]] Ref allocate(worker::RequestRef request) const;

    HubBridge& bridge_;
    Ref type_;
    Ref error_;
    Ref empty_;
};

}  // namespace geventd::py
