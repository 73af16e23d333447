// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "ipc/channel.h"
#include "worker/python/base/interpreter.h"

namespace geventd::py {

enum class Forked { Parent, Child };

/// Warns of what the application has started that does not survive a fork, and excludes the loaded
/// objects from garbage collection. No failure of this ends the process.
void prepare_to_fork(const Interpreter& python);

/// Forks a process with the loaded application. A middle process exits at once, so that the new
/// process becomes a child of the master (a subreaper). The child says hello over `channel`, which
/// is its own, before anything of the application runs in it. `stacks`: the file of
/// write_stacks_on_signal(). A failed fork is logged.
Forked fork_application(const Interpreter& python, ipc::Channel& channel, int stacks);

/// Warns of threads that do not exist in the child. Called after the first fork.
void warn_of_lost_threads(const Interpreter& python);

/// Does what a template does up to and after its first fork, with the same warnings; the child ends
/// at once, before hooks of the application. No failure of this ends the process.
void rehearse_fork(const Interpreter& python);

}  // namespace geventd::py
