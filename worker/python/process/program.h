// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"

namespace geventd::py {

/// All of geventd-worker but its host: learns from the master, over the channel on descriptor 3,
/// whether it is a template, a worker or the check of an application, and is that until it ends the
/// process. To be called first of all, in the process' one thread.
[[noreturn]] void run_program(Host& host);

}  // namespace geventd::py
