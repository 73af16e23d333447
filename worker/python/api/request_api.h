// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/hub_bridge.h"
#include "worker/python/request_runner.h"

namespace geventd::py {

/// The functions of _geventd_worker about "the" request: the one that the calling greenlet runs.
/// It is looked up at the call, so requests that call none of these pay nothing. From another
/// greenlet or thread, and outside of a worker, they raise SystemError.
/// Lives in: template, worker, check.
PyMethodDef* request_functions();

void serve_request_functions(HubBridge& bridge, const RequestRunner& runner);

}  // namespace geventd::py
