// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/api/api.h"
#include "worker/python/applications.h"
#include "worker/python/interpreter.h"
#include "worker/python/process.h"
#include "worker/python/ref.h"

namespace geventd::py {

/// Applies app.monkey-patch as far as it belongs before the load, and loads the applications.
/// Throws PythonError; its text is a sentence where one explains the fault.
Applications load_applications(const Interpreter& python, const config::App& app);

/// Applies app.monkey-patch where that is to happen when all is loaded. Throws PythonError.
void patch_before_start(const Interpreter& python, const config::App& app);

/// Finds the functions that the configuration's timers, crons and monitors run. Throws PythonError.
void load_functions(const Interpreter& python, Api& api);

/// Serves the applications until the master wants the worker to leave, and leaves.
/// Called in the process that is to be the worker: after the fork, or after its own load.
[[noreturn]] void serve(Process& process);

}  // namespace geventd::py
