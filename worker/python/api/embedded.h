// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/interpreter.h"

namespace geventd::py {

/// Lets applications import the modules whose source is compiled into geventd-worker: uwsgi and
/// uwsgidecorators. They precede modules of the same name on sys.path.
/// Throws PythonError. Lives in: template, worker, check; called once, before the load.
void offer_embedded_modules(const Interpreter& python);

}  // namespace geventd::py
