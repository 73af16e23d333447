// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/ref.h"

namespace geventd::py {

// gevent throws exceptions that should end a program into the main greenlet: SystemExit,
// KeyboardInterrupt and SystemError of any greenlet or callback of the loop, and what a handler of
// Unix signals raises while the hub runs. A worker has other requests, so it logs them and goes on.

/// Logs and clears the pending exception, which gevent has thrown into the waiting main greenlet.
void log_handed_over();

/// What the loop of a hub is to call instead of hub.handle_error(): calls that, and when it raises
/// SystemExit, calls it with that again. A handler of Unix signals can raise at any instruction of
/// it; gevent would print that in C, which for a SystemExit means to end the process at once.
/// Throws PythonError.
Ref lasting_error_handler(PyObject* hub);

}  // namespace geventd::py
