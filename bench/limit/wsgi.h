// SPDX-License-Identifier: MIT
#pragma once

#include "limit/connection.h"

namespace geventd::limit {

/// What all requests share. Throws PythonError.
void prepare(py::Ref application, py::Ref hub, int port, bool uwsgi);

/// Runs the request in a raw greenlet of its own, at once.
void start(Connection& connection);

/// Lets the greenlet that waits for bytes go on.
void resume(Connection& connection);

/// Switches to the hub until the connection is readable. False: something else woke it.
bool await_readable(Connection& connection);

}  // namespace geventd::limit
