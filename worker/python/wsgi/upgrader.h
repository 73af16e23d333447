// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "http/request_head.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// Prepares requests that ask for another protocol on their connection.
/// Lives in: worker, Python side.
class Upgrader {
  public:
    Upgrader() = default;
    Upgrader(const Upgrader&) = delete;
    Upgrader& operator=(const Upgrader&) = delete;
    virtual ~Upgrader() = default;

    /// Adds to the environ what the application may upgrade the connection with. Returns what to
    /// answer instead of calling the application; status 0: nothing. May set a Python exception.
    virtual http::Rejection prepare(worker::Request& request, PyObject* environ) = 0;

    /// The application is done with a request that asked for one, however that ended.
    virtual void ended(const worker::Request& request) noexcept = 0;

    /// Whether the exception says no more than that nothing can be sent or received any more.
    [[nodiscard]] virtual bool is_of_the_end(PyObject* exception) const = 0;
};

}  // namespace geventd::py
