// SPDX-License-Identifier: MIT
#include "worker/python/process/hub_parts.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include <pthread.h>

#include "config/drain_time.h"
#include "worker/process/overtime.h"
#include "worker/python/process/process.h"

namespace geventd::py {

HubParts::HubParts(Process& process)
    : worker(process.boot.settings, process.boot.scoreboard->slots[process.boot.slot],
             std::move(process.boot.listeners), static_cast<int>(process.boot.worker),
             process.boot.scoreboard),
      bridge(
          *process.python, worker, process.boot.settings.workers.greenlet,
          [this](worker::Request& request) { runner->run(request); },
          overtime_of(process).descriptors()),
      locks(bridge),
      handlers(*process.python, bridge, process.api->book(), locks),
      signals({worker.loop(), worker.admission(), worker.accounts(), worker.time_limits()},
              *process.api->port(), handlers, process.boot.settings.signals.concurrency,
              [this] { worker.look_whether_drained(); }) {
    if (process.boot.tls) {
        worker.tls().renew(process.boot.tls.get());
        process.boot.tls.reset();
    }
    worker.attach(&signals);
    handlers.report_to(signals);
    locks.wait_by(signals);
    process.api->serve({&signals, &handlers, &locks, &bridge, nullptr});
}

worker::Overtime& overtime_of(Process& process) {
    if (!process.overtime) {
        process.overtime = std::make_unique<worker::Overtime>(
            process.channel, config::whole_drain(process.boot.settings.limits) + kOvertime,
            config::drain_of_sessions(process.boot.settings));
    }
    return *process.overtime;
}

// What a failed attempt has used up, such as the listening sockets, is gone for another.
HubParts& hub_parts_of(Process& process) {
    if (!process.hub_fault.empty()) {
        throw std::runtime_error(process.hub_fault);
    }
    if (!process.hub) {
        try {
            process.hub = std::make_unique<HubParts>(process);
        } catch (const std::exception& error) {
            process.hub_fault = error.what();
            throw;
        }
    }
    return *process.hub;
}

void let_application_wait(Process& process) {
    if (process.hub) {
        return;
    }
    process.api->make_parts_by([&process, main = ::pthread_self()] {
        if (::pthread_equal(::pthread_self(), main) == 0) {
            throw std::runtime_error(
                "until the worker serves, only the main thread can take locks and wait for "
                "signals");
        }
        hub_parts_of(process);
    });
}

}  // namespace geventd::py
