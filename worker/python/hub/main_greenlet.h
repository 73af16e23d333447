// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::py {

// gevent throws into the main greenlet what is to end a program: SystemExit, KeyboardInterrupt and
// SystemError of any greenlet or callback of the loop, and what a handler of Unix signals raises
// while the hub runs. A worker has other requests: it says so in the log and goes on.

/// Logs the pending exception, which gevent has thrown into the main greenlet while this waited,
/// and clears it.
void log_handed_over();

}  // namespace geventd::py
