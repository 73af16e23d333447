// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// The role of `geventd --check`: loads the application, does what template and worker would do
/// next, up to the worker's own part, and leaves. Hooks belong to workers that serve.
[[noreturn]] void run_check(Host& host, Process& process);

}  // namespace geventd::py
