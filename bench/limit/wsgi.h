// SPDX-License-Identifier: MIT
#pragma once

#include "limit/connection.h"

namespace geventd::limit {

/// Creates what all requests share. Throws PythonError.
void prepare(py::Ref application, py::Ref hub, int port, bool uwsgi);

/// Starts the request at once, in a raw greenlet of its own.
void start(Connection& connection);

/// Resumes the greenlet that waits for bytes.
void resume(Connection& connection);

/// Switches to the hub until the connection is readable. False: something else woke it.
bool await_readable(Connection& connection);

}  // namespace geventd::limit
