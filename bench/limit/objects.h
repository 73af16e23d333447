// SPDX-License-Identifier: MIT
#pragma once

#include "limit/connection.h"

namespace geventd::limit {

/// The types of start_response and wsgi.input. Throws PythonError.
void register_types();

py::Ref make_start_response(Connection& connection);
py::Ref make_input(Connection& connection);

/// Sends a whole body, with the head.
bool send_only(Connection& connection, PyObject* bytes);

/// Sends a piece of a body, with the head before the first one.
bool send_piece(Connection& connection, PyObject* bytes);

/// Ends a body that was sent in pieces.
bool send_end(Connection& connection);

}  // namespace geventd::limit
