// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <string_view>

#include "http/response_head.h"

namespace geventd::py {

/// Fills `head` with the status line and the header fields that an application gave to
/// start_response, checked as PEP 3333 demands: Latin-1 text without control characters, no
/// hop-by-hop fields. `protocol` begins the status line ("HTTP/1.1").
/// False with a Python exception set; then the head is not set. GIL held.
bool fill_head(http::ResponseHead& head, std::string_view protocol, PyObject* status,
               PyObject* headers);

}  // namespace geventd::py
