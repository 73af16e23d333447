// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/interpreter.h"

namespace geventd::py {

/// Lets applications import the modules whose Python is part of geventd-worker: uwsgi and
/// uwsgidecorators. They come before any of the same name on sys.path.
/// Throws PythonError. Lives in: template, worker, check; called once, before the load.
void offer_embedded_modules(const Interpreter& python);

}  // namespace geventd::py
