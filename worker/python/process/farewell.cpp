// SPDX-License-Identifier: MIT
#include "worker/python/process/farewell.h"

#include <chrono>
#include <utility>
#include <vector>

#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/base/greenlet_object.h"
#include "worker/python/process/worker_process.h"

namespace geventd::py {

namespace {

// How much of a worker's time is kept for the steps after Python's.
constexpr Duration kReserve = std::chrono::milliseconds(500);

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void append_runner(const Ref& greenlets, worker::Greenlet* runner) {
    if (runner != nullptr && PyList_Append(greenlets.get(), object_of(runner)) < 0) {
        throw_pending();
    }
}

}  // namespace

void end_greenlets(const Interpreter& python, const Work& work, const config::Limits& limits,
                   Duration left) {
    python.call_at_end("begin_end", checked(Py_BuildValue("(dd)", seconds(limits.drain_background),
                                                          seconds(left - kReserve))));
    const std::vector<worker::RequestRef> late = work.worker.connections().running();
    Ref greenlets = checked(PyList_New(0));
    for (const worker::RequestRef& request : late) {
        if (request->runner == nullptr) {
            continue;  // only its client is waited for
        }
        log::warning("{} {} did not end within limits.{} and is ended", request->head.method,
                     request->head.path,
                     request->left_core ? "drain-websockets" : "drain-requests");
        append_runner(greenlets, request->runner);
    }
    for (const worker::HeldSignal* signal : work.signals.running()) {
        append_runner(greenlets, signal->runner);
    }
    if (PyList_GET_SIZE(greenlets.get()) > 0) {
        work.handlers.cut_off();
        python.call_at_end("end_requests", greenlets);
    }
    python.call_at_end("drain_background");
}

}  // namespace geventd::py
