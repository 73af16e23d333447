// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "ipc/channel.h"
#include "worker/boot_info.h"
#include "worker/python/api/api.h"
#include "worker/python/applications.h"
#include "worker/python/interpreter.h"
#include "worker/python/ref.h"

namespace geventd::py {

/// What a template does up to its first fork and behind it, with the same warnings; the child ends
/// at once, before hooks of the application. Nothing that it meets ends the process.
void rehearse_fork(const Interpreter& python);

/// Runs the template: the application is loaded, so it freezes its memory and then does what the
/// master asks for: forks workers, and a spare of itself that can take its place when it dies.
/// Every fork goes through a middle process that leaves at once, so that the new process becomes
/// the master's child (a subreaper). Returns never: the master's end of the channel closing, or
/// the master's death, ends the process. `stacks`: the file of write_stacks_on_signal().
[[noreturn]] void run_template(const Interpreter& python, worker::BootInfo& boot,
                               ipc::Channel channel, const Applications& applications, Api& api,
                               int stacks);

}  // namespace geventd::py
