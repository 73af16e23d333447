// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/boot_info.h"
#include "worker/python/request_runner.h"

namespace geventd::py {

/// The functions of _geventd_worker about the server and its workers, read from the scoreboard.
/// `boot` is borrowed for the process' life. Lives in: template, worker, check.
PyMethodDef* process_functions(const worker::BootInfo& boot);

/// Hands the runner the hook that the application set while it was loaded, and later ones.
void serve_process_functions(RequestRunner& runner);

}  // namespace geventd::py
