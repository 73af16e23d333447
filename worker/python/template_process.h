// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/interpreter.h"
#include "worker/python/process.h"

namespace geventd::py {

/// What a template does up to its first fork and behind it, with the same warnings; the child ends
/// at once, before hooks of the application. Nothing that it meets ends the process.
void rehearse_fork(const Interpreter& python);

/// Runs the template: the application is loaded, so it freezes its memory and then does what the
/// master asks for: forks workers, and a spare of itself that can take its place when it dies.
/// Every fork goes through a middle process that leaves at once, so that the new process becomes
/// the master's child (a subreaper). Returns never: the master's end of the channel closing, or
/// the master's death, ends the process. Throws std::runtime_error when the application has cut the
/// line to the master.
[[noreturn]] void run_template(Process& process);

}  // namespace geventd::py
