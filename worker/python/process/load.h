// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "config/settings.h"
#include "worker/python/base/host.h"
#include "worker/python/base/interpreter.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// What a role adds to the load that all of them have in common. Each may throw.
struct LoadSteps {
    std::function<void()> before;  ///< CPython runs, but nothing of the application has run
    std::function<void()> after;   ///< the application is loaded
    bool reports_sources = false;  ///< app.reload-on-change means something to this role
};

/// Starts Python and loads the application: fills `process`. When that fails, or a step does, or
/// the application has cut the line to the master, tells why and ends the process.
void load(Host& host, Process& process, const LoadSteps& steps);

/// Applies app.monkey-patch where that is to happen when all is loaded. Throws PythonError.
void patch_before_start(const Interpreter& python, const config::App& app);

}  // namespace geventd::py
