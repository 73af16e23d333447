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

/// Ends a process that serves nobody, as python3 ends: threads and functions of atexit get a few
/// seconds together.
[[noreturn]] void leave_early(const Interpreter& python, int code);

/// Calls a function of geventd's own Python; what it raises becomes a PythonError told by
/// boot.describe().
Ref call_boot(const Interpreter& python, const char* function, Ref argument = {});

/// The same for a step of the process' end, which what a Python handler of Unix signals raises at
/// its first line, where it cannot catch that itself, does not break off. It may be called again
/// then.
Ref call_at_end(const Interpreter& python, const char* function, const Ref& argument = {});

}  // namespace geventd::py
