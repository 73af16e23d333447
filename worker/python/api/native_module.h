// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/boot_info.h"
#include "worker/python/hub_bridge.h"
#include "worker/python/request_runner.h"

namespace geventd::py {

/// Makes the module _geventd_worker, on which py/uwsgi.py stands: facts of the server as
/// attributes, process_api and request_api as functions. `boot` is borrowed for the process' life;
/// a forked worker fills in its own slot and number there.
/// Throws PythonError. Lives in: template, worker, check; called once, before the load.
void make_native_module(const worker::BootInfo& boot);

/// From here on the functions about requests find the requests of this worker. Both are borrowed
/// for as long as Python runs. Lives in: worker.
void serve_native_module(HubBridge& bridge, RequestRunner& runner);

}  // namespace geventd::py
