// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// The role of `geventd --check`: loads the application, does what a template and a worker do next,
/// except to serve, and leaves. Calls no hooks, which belong to workers that serve.
[[noreturn]] void run_check(Host& host, Process& process);

}  // namespace geventd::py
