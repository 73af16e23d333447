// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"

namespace geventd::py {

/// The program geventd-worker without its host: learns from the master, over the channel on
/// descriptor 3, whether it is a template, a worker or a check, and runs that role until the
/// process ends. Called first, while the process has one thread.
[[noreturn]] void run_program(Host& host);

}  // namespace geventd::py
