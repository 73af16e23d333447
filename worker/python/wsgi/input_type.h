// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// The type of wsgi.input: read, readline, readlines, iteration; each waits for bytes as needed
/// without blocking the worker, and takes None for no limit, as io does. Its objects point to this,
/// so it lives as long as Python runs. Lives in: worker, Python side. GIL held.
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

    static constexpr Py_ssize_t kNothingYet = -2;

    /// Reads at most `room` bytes of a request's body and returns how many: 0 at its end, -1 with a
    /// Python exception set, kNothingYet when none have arrived.
    [[nodiscard]] Py_ssize_t read_some(worker::Request& request, char* into,
                                       std::size_t room) const;

    /// The same, but waits for bytes. May switch.
    [[nodiscard]] Py_ssize_t await_some(worker::Request& request, char* into,
                                        std::size_t room) const;

    /// The status for a failed read of the body (400, 408, 413) if `exception` is of one; else 0.
    [[nodiscard]] int status_of_error(PyObject* exception) const;

    /// Sets the Python exception for a body that cannot be read.
    void set_error(const worker::Request& request) const;

  private:
    [[nodiscard]] Ref allocate(worker::RequestRef request) const;

    HubBridge& bridge_;
    Ref type_;
    Ref error_;
    Ref empty_;
};

}  // namespace geventd::py
