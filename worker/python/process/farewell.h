// SPDX-License-Identifier: MIT
#pragma once

#include "config/settings.h"
#include "worker/python/api/handler_runner.h"
#include "worker/python/base/interpreter.h"
#include "worker/serve/worker.h"
#include "worker/signals/signals.h"

namespace geventd::py {

/// The parts of a worker that run greenlets.
struct Work {
    worker::Worker& worker;
    worker::Signals& signals;
    HandlerRunner& handlers;
};

/// Ends greenlets that outlived the drain: requests and handlers, then background greenlets; `left`
/// is the time for the latter and all that follows. Called in the main greenlet of a worker. Throws
/// PythonError.
void end_greenlets(const Interpreter& python, const Work& work, const config::Limits& limits,
                   Duration left);

}  // namespace geventd::py
