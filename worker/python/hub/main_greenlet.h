// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::py {

// gevent throws exceptions that should end a program into the main greenlet: SystemExit,
// KeyboardInterrupt and SystemError of any greenlet or callback of the loop, and what a handler of
// Unix signals raises while the hub runs. A worker has other requests, so it logs them and goes on.

/// Logs and clears the pending exception, which gevent has thrown into the waiting main greenlet.
void log_handed_over();

}  // namespace geventd::py
