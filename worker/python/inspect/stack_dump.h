// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "base/fd.h"
#include "ipc/channel.h"

namespace geventd::py {

/// From now on, an ipc::stack_signal() from the master makes the calling thread, the process'
/// first, write its Python stack (or those of all threads) into a memory file. Uses CPython's
/// faulthandler, which needs no GIL and allocates nothing, so it works inside a regular expression,
/// C code that never releases the GIL, or a fork hook. The signal makes system calls that cannot be
/// restarted fail with EINTR. Returns the file, for the master; it must stay open under its number.
/// Throws PythonError or ErrnoError. Lives in: template, worker, before they load the application.
UniqueFd write_stacks_on_signal();

/// Sends that file to the master. Throws ErrnoError.
void tell_of_stacks(ipc::Channel& channel, int file);

/// In a process that was forked from one that has called the above: replaces `file`, which belongs
/// to the other process, by a new file. Needs no Python. Throws ErrnoError.
void renew_stack_file(int file);

}  // namespace geventd::py
