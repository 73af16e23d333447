// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "base/clock.h"
#include "worker/process/overtime.h"
#include "worker/python/api/handler_runner.h"
#include "worker/python/api/lock_waits.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/wsgi/request_runner.h"
#include "worker/serve/worker.h"
#include "worker/signals/signals.h"

namespace geventd::py {

struct Process;

/// What lets greenlets wait in a worker: its loop in gevent's hub, its locks and the handlers of
/// its signals. No connection is accepted yet.
///
/// On the heap: if the application has used the hub while it was loaded, the hub's C stack overlaps
/// the deeper part of the main greenlet's, and objects there are swapped out while the hub runs.
/// Lives in: worker; never destroyed, as greenlets, threads and atexit functions use it to the end.
struct HubParts {
    /// Throws std::exception.
    explicit HubParts(Process& process);
    HubParts(const HubParts&) = delete;
    HubParts& operator=(const HubParts&) = delete;
    ~HubParts() = default;

    RequestRunner* runner = nullptr;  ///< no request starts before this is set
    worker::Worker worker;
    HubBridge bridge;
    LockWaits locks;
    HandlerRunner handlers;
    worker::Signals signals;
};

/// How much later than the master a worker ends itself.
inline constexpr Duration kOvertime = std::chrono::seconds(1);

/// The worker's overtime and hub parts, made at the first call. In the main thread. Throw
/// std::exception.
worker::Overtime& overtime_of(Process& process);
HubParts& hub_parts_of(Process& process);

/// Lets the application wait for locks and signals while it is loaded and in hooks: the hub parts
/// are made when it does so.
void let_application_wait(Process& process);

}  // namespace geventd::py
