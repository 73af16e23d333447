// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <sys/types.h>

#include <ctime>

#include "worker/process/boot_info.h"
#include "worker/python/base/process_title.h"
#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/wsgi/request_runner.h"

namespace geventd::py {

/// The module _geventd_worker, on which geventd's own Python and py/uwsgi.py stand: facts of the
/// server as attributes, and functions about the process, the request of the calling greenlet and
/// the end of the process.
/// Lives in: template, worker, check. One a process, made before the application is loaded.
class NativeModule {
  public:
    /// What is passed is borrowed for the process' life; a forked worker fills in its own slot and
    /// number in `boot`. Throws PythonError.
    NativeModule(const worker::BootInfo& boot, ProcessTitle& title);

    /// From here on the functions about requests find the requests of this worker, and the runner
    /// has the hook that the application has set, or will set. Both are borrowed for as long as
    /// Python runs.
    void serve(HubBridge& bridge, RequestRunner& runner);

  private:
    Ref module_;
};

/// What the functions of the module find behind it. All zero when the module is made.
struct NativeState {
    const worker::BootInfo* boot;
    ProcessTitle* title;
    HubBridge* bridge;        ///< null: no requests run in this process
    RequestRunner* runner;    ///< null like the bridge
    PyObject* after_request;  ///< the hook of the application, owned; null: none
    timer_t alarm;            ///< belongs to the process alarm_owner
    pid_t alarm_owner;        ///< a child that this process forks has no timer; 0: no process has
};

NativeState& native_state_of(PyObject* module);

// The functions by what they are about; each ends with an empty entry.

/// About the server and its workers, read from the scoreboard.
extern PyMethodDef process_functions[];

/// About "the" request: the one that the calling greenlet runs. It is looked up at the call, so
/// requests that call none of these pay nothing. From another greenlet or thread, and outside of a
/// worker, they raise SystemError.
extern PyMethodDef request_functions[];

/// For end.py: lines for the log, and an alarm that wakes the calling thread from whatever call it
/// is blocked in.
extern PyMethodDef end_functions[];

/// The Unix signal of the alarm. Nobody handles it before the end of the process.
int alarm_signal();

}  // namespace geventd::py
