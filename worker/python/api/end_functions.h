// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

namespace geventd::py {

/// The functions of _geventd_worker for end.py: lines for the log, and an alarm that wakes the
/// calling thread from whatever call it is blocked in. Lives in: template, worker, check.
extern PyMethodDef end_functions[];

/// The Unix signal of the alarm. Nobody handles it before the end of the process.
int alarm_signal();

}  // namespace geventd::py
