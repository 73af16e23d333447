// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <sys/types.h>

#include <ctime>

#include "worker/process/boot_info.h"
#include "worker/python/api/atomic_sections.h"
#include "worker/python/base/process_title.h"
#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/websocket/web_sockets.h"
#include "worker/python/wsgi/request_runner.h"

namespace geventd::py {

/// The module _geventd_worker, which geventd's own Python and py/uwsgi.py use: facts about the
/// server as attributes, and functions about the process, the request of the calling greenlet and
/// the end of the process.
/// Lives in: template, worker, check. One a process, made before the application is loaded.
class NativeModule {
  public:
    /// Borrows its arguments for the process' life; a forked worker sets its own slot and number in
    /// `boot`. Throws PythonError.
    NativeModule(const worker::BootInfo& boot, ProcessTitle& title);

    /// From here on the functions about requests find the requests of this worker, and the runner
    /// calls the hook that the application has set or will set. The arguments are borrowed as long
    /// as Python runs.
    void serve(HubBridge& bridge, RequestRunner& runner, WebSockets& sockets);

    /// There are time slices, which geventd.atomic holds off. After serve().
    void hold_off_by(AtomicSections& sections);

  private:
    Ref module_;
};

/// The module's state. All zero when the module is made.
struct NativeState {
    const worker::BootInfo* boot;
    ProcessTitle* title;
    HubBridge* bridge;         ///< null: no requests run in this process
    RequestRunner* runner;     ///< null like the bridge
    AtomicSections* sections;  ///< null: there are no time slices
    WebSockets* sockets;       ///< null like the bridge
    PyObject* context_type;    ///< of uwsgi.request_context(), owned
    PyObject* after_request;   ///< the hook of the application, owned; null: none
    timer_t alarm;             ///< exists in alarm_owner only: forks do not copy it
    pid_t alarm_owner;         ///< 0: there is no timer
};

NativeState& native_state_of(PyObject* module);

// The functions by topic; each array ends with an empty entry.

/// About the server and its workers, read from the scoreboard.
extern PyMethodDef process_functions[];

/// About the request that the calling greenlet runs. It is looked up in each call, so requests that
/// call none of these pay nothing. In other greenlets, in other threads and outside a worker they
/// raise SystemError.
extern PyMethodDef request_functions[];

/// For atomic.py.
extern PyMethodDef atomic_functions[];

/// About the WebSocket of that request, or of one that is named by its context.
extern PyMethodDef uwsgi_websocket_functions[];

/// The answer of the request that the calling greenlet runs; null with SystemError set when it runs
/// none. `function` is what of the module uwsgi was called.
Response* current_response(PyObject* module, const char* function);

/// The type of uwsgi.request_context(); null with an exception.
PyObject* make_context_type();

/// The WebSocket for which the calling greenlet has spoken by a context; null: none.
worker::Channel* channel_of_greenlet(PyObject* module);

/// For sticky.py: names this worker in the id of a session.
extern PyMethodDef mark_functions[];

/// For end.py: log lines, and an alarm that interrupts whatever call the thread is blocked in.
extern PyMethodDef end_functions[];

/// The Unix signal of the alarm. It has no handler before the end of the process.
int alarm_signal();

}  // namespace geventd::py
