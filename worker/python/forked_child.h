// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/forked_child.h"
#include "worker/python/interpreter.h"

namespace geventd::py {

/// Has every process that the application forks become one of its own: no server
/// (worker/forked_child.h), with a hub in which nothing goes on but what called fork()
/// (py/forked.py). Where C code forks without telling Python, the latter is done as soon as Python
/// code runs in the main thread there.
/// Lives in: template, worker, check; before the application is loaded. Throws PythonError and
/// ErrnoError.
void watch_forks(const Interpreter& python);

/// To be called where code of the application has returned to the server. In a process that the
/// application forked this is that process' end: with the pending exception as python3 ends, else
/// as after the last line of a program. Does nothing anywhere else. The GIL is held.
void end_if_forked() noexcept;

}  // namespace geventd::py
