// SPDX-License-Identifier: MIT
#include "worker/python/process/worker_process.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/exit_code.h"
#include "config/drain_time.h"
#include "log/logger.h"
#include "worker/process/overtime.h"
#include "worker/python/api/handler_runner.h"
#include "worker/python/api/lock_waits.h"
#include "worker/python/base/error.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/inspect/observer.h"
#include "worker/python/process/farewell.h"
#include "worker/python/process/load.h"
#include "worker/python/process/source_report.h"
#include "worker/python/process/worker_title.h"
#include "worker/python/wsgi/environ.h"
#include "worker/python/wsgi/request_runner.h"
#include "worker/python/wsgi/types.h"
#include "worker/serve/master_link.h"
#include "worker/serve/worker.h"
#include "worker/signals/signals.h"

namespace geventd::py {

namespace {

// How much later than the master a worker ends itself.
constexpr Duration kOvertime = std::chrono::seconds(1);

// Everything that the hub's callbacks use. On the heap: if the application has used the hub while
// it was loaded, the hub's C stack overlaps the deeper part of the main greenlet's, and objects
// there are swapped out while the hub runs.
struct Serving {
    Ref errors;
    worker::Worker worker;
    HubBridge bridge;
    WsgiTypes types;
    EnvironMaker environs;
    RequestRunner runner;
    LockWaits locks;
    HandlerRunner handlers;
    worker::Signals signals;
    worker::MasterLink master;
    WorkerTitle title;
    SourceReport sources;
    Ref background;  ///< the greenlets that the application has spawned

    Serving(Process& process, worker::BootInfo& boot, worker::Overtime& overtime)
        : errors(Ref::borrow(PySys_GetObject("stderr"))),
          worker(boot.settings, boot.scoreboard->slots[boot.slot], std::move(boot.listeners),
                 static_cast<int>(boot.worker), boot.scoreboard),
          // No request starts before all members are made, and so none before the runner.
          bridge(
              *process.python, worker, boot.settings.workers.greenlet,
              [this](worker::Request& request) { runner.run(request); }, overtime.descriptors()),
          types(bridge),
          environs(worker, {errors.get(), types.file_wrapper.object(),
                            boot.settings.workers.processes > 1}),
          runner(*process.python, worker, environs, types, process.applications),
          locks(bridge),
          handlers(*process.python, bridge, process.api->book(), locks),
          signals({worker.loop(), worker.admission(), worker.accounts(), worker.time_limits()},
                  *process.api->port(), handlers, boot.settings.signals.concurrency,
                  [this] { worker.look_whether_drained(); }),
          master(worker, process.channel, overtime),
          title(boot, worker, process.title),
          sources(*process.python, process.channel) {
        worker.attach(&signals);
        handlers.report_to(signals);
        locks.wait_by(signals);
        process.api->serve({&signals, &handlers, &locks, &bridge, &runner});
    }
};

// Includes ended greenlets as long as the application keeps them.
std::uint32_t count(const Ref& greenlets) {
    const Py_ssize_t size = PyObject_Size(greenlets.get());
    if (size < 0) {
        PyErr_Clear();
        return 0;
    }
    return static_cast<std::uint32_t>(size);
}

/// uwsgi.post_fork_hook raised an exception.
class HookFailure : public PythonError {
  public:
    using PythonError::PythonError;
};

void run_post_fork_hook(const Interpreter& python) {
    try {
        python.call("call_post_fork_hook");
    } catch (const PythonError& error) {
        throw HookFailure(error.what());
    }
}

[[noreturn]] void work(Process& process, worker::Overtime& overtime) {
    const Interpreter& python = *process.python;
    worker::BootInfo& boot = process.boot;
    boot.scoreboard->slots[boot.slot].pid.store(::getpid());
    Ref background = python.call("track_background");
    run_post_fork_hook(python);
    // Never destroyed: threads and atexit functions may run greenlets that still use it.
    Serving& serving = *std::make_unique<Serving>(process, boot, overtime).release();
    serving.background = std::move(background);
    serving.worker.count_background_by([&serving] { return count(serving.background); });
    if (boot.settings.app.reload_on_change) {
        serving.sources.keep_sending(serving.worker.clock());
    }
    process.native->serve(serving.bridge, serving.runner);
    auto observer =
        std::make_unique<Observer>(python, serving.bridge, serving.runner, serving.handlers);
    serving.signals.accept();
    serving.master.say_ready(observer->take_end());
    serving.bridge.run();
    boot.scoreboard->slots[boot.slot].hub_over.store(1);
    end_greenlets(python, {serving.worker, serving.signals, serving.handlers}, boot.settings.limits,
                  overtime.left() - kOvertime);
    observer.reset();
    python.call_at_end("run_atexit_hook");
    process.api->serve({});
    python.leave(
        static_cast<int>(serving.master.is_cut_off() ? ExitCode::LostDescriptor : ExitCode::Ok));
}

}  // namespace

void run_worker(Host& host, Process& process) {
    log::set_role("worker " + std::to_string(process.boot.worker));
    LoadSteps steps;
    steps.reports_sources = true;
    steps.before = [&] {
        show_role_title(process.boot, process.title);
        process.api->open(process.channel);
    };
    load(host, process, steps);
    serve(process);
}

void serve(Process& process) {
    const config::Settings& settings = process.boot.settings;
    log::move_up();
    ExitCode code = ExitCode::BootFailed;
    // Lives as long as the process, and on the heap: its thread uses it whichever greenlet runs.
    std::unique_ptr<worker::Overtime> overtime;
    try {
        overtime = std::make_unique<worker::Overtime>(
            process.channel, config::whole_drain(settings.limits) + kOvertime);
        worker::die_with_master(false);
        patch_before_start(*process.python, settings.app);
        work(process, *overtime);
    } catch (const HookFailure& error) {
        log::error("uwsgi.post_fork_hook failed: {}", error.what());
        code = ExitCode::HookFailed;
    } catch (const std::exception& error) {
        log::error("the worker cannot serve: {}", error.what());
    }
    if (overtime) {
        overtime->descriptors().leave();
        overtime->begin();
    }
    process.python->leave_early(static_cast<int>(code));
}

}  // namespace geventd::py
