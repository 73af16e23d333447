// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// The role of a template: loads the application, freezes its memory, and then does what the master
/// asks for: forks workers, and a spare of itself that can take its place when it dies. A template
/// whose application has opened connections, which forks cannot share, leaves instead (app.preload:
/// auto). Returns never: the master's end of the channel closing, or the master's death, ends the
/// process.
[[noreturn]] void run_template(Host& host, Process& process);

}  // namespace geventd::py
