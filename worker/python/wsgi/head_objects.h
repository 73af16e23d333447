// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "http/response_head.h"
#include "worker/requests/accounts.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// Fills the head of the request's answer with the status line and the header fields that an
/// application gave to start_response, checked as PEP 3333 demands: Latin-1 text without control
/// characters. Hop-by-hop fields are left out, which `accounts` warns of.
/// False with a Python exception set; then the head is not set. GIL held.
bool fill_head(worker::Request& request, worker::Accounts& accounts, PyObject* status,
               PyObject* headers);

/// Fills `head` with an answer of status 103 that has these headers, a list checked in the same
/// way. False with a Python exception set.
bool fill_early_hints(http::ResponseHead& head, const worker::Request& request,
                      worker::Accounts& accounts, PyObject* headers);

}  // namespace geventd::py
