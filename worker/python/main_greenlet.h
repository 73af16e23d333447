// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/ref.h"

namespace geventd::py {

// gevent throws into the main greenlet what is to end a program: SystemExit, KeyboardInterrupt and
// SystemError of any greenlet or callback of the loop, and what a handler of Unix signals raises
// while the hub runs. A worker has other requests: it says so in the log and goes on.

/// Logs the pending exception, which gevent has thrown into the main greenlet while this waited,
/// and clears it.
void log_handed_over();

/// Calls `function`, with `argument` unless that is null, in a greenlet of its own, and waits in
/// the main greenlet, which calls this, until it has ended: what gevent throws into the main
/// greenlet meanwhile is logged and interrupts nothing. What the function itself raises is raised
/// here: a null reference with an exception. Throws PythonError when there can be no greenlet.
Ref await_shielded(PyObject* function, PyObject* argument);

}  // namespace geventd::py
