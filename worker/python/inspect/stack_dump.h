// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "base/fd.h"
#include "ipc/channel.h"

namespace geventd::py {

/// Has the calling thread, the process' first, write its Python stack (or those of all threads)
/// into a memory file when the master sends an ipc::stack_signal(): by CPython's faulthandler,
/// which needs no GIL, allocates nothing and so answers from within a regular expression, C code
/// that never lets go, or a fork hook. The signal makes system calls in progress return early with
/// EINTR where they cannot be restarted. Returns the file, for the master, which is to stay open
/// under its number. Throws PythonError or ErrnoError. Lives in: template, worker, before they load
/// the application.
UniqueFd write_stacks_on_signal();

/// Sends the master that file. Throws ErrnoError.
void tell_of_stacks(ipc::Channel& channel, int file);

/// In a process that was forked from one that has called the above: puts a new file in the place of
/// `file`, whose text would go to the other process' master. Needs no Python. Throws ErrnoError.
void renew_stack_file(int file);

}  // namespace geventd::py
