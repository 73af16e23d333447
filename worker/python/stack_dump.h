// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "base/fd.h"

namespace geventd::py {

/// Has the calling thread, the hub's, write its Python stack (or those of all threads) into a
/// memory file when the master sends an ipc::stack_signal(): by CPython's faulthandler, which needs
/// no GIL, allocates nothing and so answers from within a regular expression or C code that never
/// lets go. The signal makes system calls in progress return early with EINTR where they cannot be
/// restarted. Returns the file, for the master. Throws PythonError or ErrnoError. Lives in: worker,
/// before it is ready.
UniqueFd write_stacks_on_signal();

}  // namespace geventd::py
