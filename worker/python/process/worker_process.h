// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// The role of a worker that no template has forked: loads the application for itself and serves.
[[noreturn]] void run_worker(Host& host, Process& process);

/// Serves the loaded application until the master wants the worker to leave, and leaves. Called in
/// the process that is to be the worker: after the fork, or after its own load.
[[noreturn]] void serve(Process& process);

}  // namespace geventd::py
