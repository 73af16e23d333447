// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "config/settings.h"
#include "worker/python/base/host.h"
#include "worker/python/base/interpreter.h"
#include "worker/python/process/process.h"

namespace geventd::py {

/// What a role adds to the load that all roles share. Each step may throw.
struct LoadSteps {
    std::function<void()> before;  ///< when CPython runs, before anything of the application
    std::function<void()> after;   ///< when the application is loaded
    bool reports_sources = false;  ///< app.reload-on-change applies to this role
};

/// Starts Python and loads the application: fills `process`. If this or a step fails, or the
/// application has closed the channel to the master, reports why and ends the process.
void load(Host& host, Process& process, const LoadSteps& steps);

/// Applies app.monkey-patch if it is to be applied after the load. Throws PythonError.
void patch_before_start(const Interpreter& python, const config::App& app);

}  // namespace geventd::py
