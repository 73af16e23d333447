// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// The role of a worker that was not forked from a template: loads the application and serves.
[[noreturn]] void run_worker(Host& host, Process& process);

/// Serves the loaded application until the master drains the worker, and ends the process. Called
/// after the fork from the template, or after this process' own load.
[[noreturn]] void serve(Process& process);

}  // namespace geventd::py
