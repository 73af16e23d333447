// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "ipc/channel.h"
#include "worker/python/base/interpreter.h"

namespace geventd::py {

enum class Forked { Parent, Child };

/// Warns of what the application has started and a fork does not carry over, and moves what is
/// loaded out of the garbage collector's sight. Nothing that it meets ends the process.
void prepare_to_fork(const Interpreter& python);

/// Forks a process that goes on with the loaded application. A middle process leaves at once, so
/// that the new process becomes the master's child (a subreaper). The child introduces itself over
/// `channel`, which is its own, before anything of the application runs in it. `stacks`: the file
/// of write_stacks_on_signal(). A fork that fails is logged.
Forked fork_application(const Interpreter& python, ipc::Channel& channel, int stacks);

/// Warns of threads that the fork has ended in the child. To be called after the first fork.
void warn_of_lost_threads(const Interpreter& python);

/// What a template does up to its first fork and behind it, with the same warnings; the child ends
/// at once, before hooks of the application. Nothing that it meets ends the process.
void rehearse_fork(const Interpreter& python);

}  // namespace geventd::py
