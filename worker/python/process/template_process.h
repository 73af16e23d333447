// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// The role of a template: loads the application, freezes its memory, and then follows the master's
/// orders: forks workers, and a spare that can replace the template when it dies. If the
/// application has opened connections, which forks cannot share, the template leaves instead
/// (app.preload: auto). Ends the process when the master closes the channel or dies.
[[noreturn]] void run_template(Host& host, Process& process);

}  // namespace geventd::py
