// SPDX-License-Identifier: MIT
#include "worker/python/process/worker_process.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "base/exit_code.h"
#include "log/logger.h"
#include "worker/process/overtime.h"
#include "worker/python/base/error.h"
#include "worker/python/inspect/observer.h"
#include "worker/python/process/farewell.h"
#include "worker/python/process/hub_parts.h"
#include "worker/python/process/load.h"
#include "worker/python/process/source_report.h"
#include "worker/python/process/worker_title.h"
#include "worker/python/slices/slices.h"
#include "worker/python/websocket/web_socket_type.h"
#include "worker/python/websocket/web_sockets.h"
#include "worker/python/wsgi/cpu_times.h"
#include "worker/python/wsgi/environ.h"
#include "worker/python/wsgi/request_runner.h"
#include "worker/python/wsgi/types.h"
#include "worker/serve/master_link.h"

namespace geventd::py {

namespace {

// Everything that serves requests. On the heap like the hub parts, and never destroyed.
struct Serving {
    Ref errors;
    HubParts& hub;
    WsgiTypes types;
    EnvironMaker environs;
    RequestRunner runner;
    WebSockets websockets;
    RawSocketType raw_socket_type;
    WebSocketType websocket_type;
    worker::MasterLink master;
    WorkerTitle title;
    SourceReport sources;
    std::unique_ptr<Slices> slices;       ///< null: workers.time-slice is off
    std::unique_ptr<CpuTimes> cpu_times;  ///< null: log.access has no ${cpu}
    Ref background;                       ///< the greenlets that the application has spawned

    Serving(Process& process, HubParts& parts)
        : errors(Ref::borrow(PySys_GetObject("stderr"))),
          hub(parts),
          types(hub.bridge),
          environs(hub.worker, {errors.get(), types.file_wrapper.object(),
                                process.boot.settings.workers.processes > 1}),
          runner(*process.python, hub.worker, environs, types, process.applications),
          websockets(hub.bridge, runner),
          raw_socket_type(hub.bridge, runner),
          websocket_type(hub.worker, websockets, raw_socket_type),
          master(hub.worker, process.channel, *process.overtime),
          title(process.boot, hub.worker, process.title),
          sources(*process.python, process.channel) {
        hub.runner = &runner;
        runner.upgrade_by(websocket_type);
        runner.on_end([this](const worker::Request& request) { hub.locks.request_ended(request); });
        process.api->serve({&hub.signals, &hub.handlers, &hub.locks, &hub.bridge, &runner});
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

/// A hook that runs before the worker serves raised an exception.
class HookFailure : public PythonError {
  public:
    using PythonError::PythonError;
};

// `function` is the part of geventd's own Python that calls it.
void run_hook(const Interpreter& python, const char* hook, const char* function) {
    try {
        python.call(function);
    } catch (const PythonError& error) {
        throw HookFailure(std::string(hook) + " failed: " + error.what());
    }
}

void run_post_fork_hooks(const Interpreter& python, const config::Hooks& hooks) {
    run_hook(python, "uwsgi.post_fork_hook", "call_post_fork_hook");
    if (!hooks.post_fork.empty()) {
        run_hook(python, "hooks.post-fork", "call_post_fork");
    }
}

// Runs in a turn of the loop, so it neither throws nor waits.
void begin_drain(const Interpreter& python) noexcept {
    try {
        python.call("begin_drain");
    } catch (const std::exception& error) {
        log::error("hooks.drain-begins cannot be called: {}", error.what());
    }
}

// In a turn of the loop, too. Objects of the application may do anything: then all stay.
bool has_sessions(const Interpreter& python) noexcept {
    static bool told = false;
    try {
        return python.call("has_sessions").get() == Py_True;
    } catch (const std::exception& error) {
        if (!std::exchange(told, true)) {
            log::error("sessions of engineio cannot be counted: {}", error.what());
        }
        return true;
    }
}

std::unique_ptr<Slices> share_time(Process& process, Serving& serving) {
    const config::Workers& settings = process.boot.settings.workers;
    if (settings.time_slice == config::Milliseconds::zero()) {
        return nullptr;
    }
    auto slices = std::make_unique<Slices>(
        serving.hub.bridge, Places::Runners{serving.runner, serving.hub.handlers}, settings);
    process.native->hold_off_by(slices->sections());
    return slices;
}

std::unique_ptr<CpuTimes> measure_cpu(const config::Log& settings, const RequestRunner& runner) {
    return settings.access.find("${cpu}") == std::string::npos ? nullptr
                                                               : std::make_unique<CpuTimes>(runner);
}

// Requests of a worker that has neither are not asked about them.
void follow_ends(Serving& serving) {
    if (!serving.slices && !serving.cpu_times) {
        return;
    }
    serving.runner.on_end([&serving](const worker::Request& request) {
        serving.hub.locks.request_ended(request);
        if (serving.slices) {
            serving.slices->request_ended(request);
        }
        if (serving.cpu_times) {
            serving.cpu_times->request_ended(request);
        }
    });
}

[[noreturn]] void work(Process& process) {
    const Interpreter& python = *process.python;
    worker::BootInfo& boot = process.boot;
    boot.scoreboard->slots[boot.slot].pid.store(::getpid());
    Ref background = python.call("track_background");
    let_application_wait(process);
    run_post_fork_hooks(python, boot.settings.hooks);
    HubParts& hub = hub_parts_of(process);
    Serving& serving = *std::make_unique<Serving>(process, hub).release();
    serving.background = std::move(background);
    hub.worker.count_background_by([&serving] { return count(serving.background); });
    if (!boot.settings.hooks.drain_begins.empty()) {
        hub.worker.on_drain([&python] { begin_drain(python); });
    }
    if (worker::StickySessions* sticky = hub.worker.sticky()) {
        sticky->look_by([&python] { return has_sessions(python); });
    }
    if (boot.settings.app.reload_on_change) {
        serving.sources.keep_sending(hub.worker.clock());
    }
    process.native->serve(hub.bridge, serving.runner, serving.websockets);
    serving.slices = share_time(process, serving);
    serving.cpu_times = measure_cpu(boot.settings.log, serving.runner);
    follow_ends(serving);
    auto observer = std::make_unique<Observer>(python, hub.bridge, serving.runner, hub.handlers);
    hub.signals.accept();
    serving.master.say_ready(observer->take_end());
    hub.bridge.run();
    boot.scoreboard->slots[boot.slot].hub_over.store(1);
    end_greenlets(python, {hub.worker, hub.signals, hub.handlers}, boot.settings.limits,
                  process.overtime->left() - kOvertime);
    observer.reset();
    if (serving.slices) {
        serving.slices->end();
    }
    python.call_at_end("run_exit_hooks");
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
        let_application_wait(process);
    };
    load(host, process, steps);
    serve(process);
}

void serve(Process& process) {
    const config::Settings& settings = process.boot.settings;
    log::move_up();
    ExitCode code = ExitCode::BootFailed;
    try {
        overtime_of(process);
        worker::die_with_master(false);
        patch_before_start(*process.python, settings.app);
        work(process);
    } catch (const HookFailure& error) {
        log::error("{}", error.what());
        code = ExitCode::HookFailed;
    } catch (const std::exception& error) {
        log::error("the worker cannot serve: {}", error.what());
    }
    if (process.overtime) {
        process.overtime->descriptors().leave();
        process.overtime->begin();
    }
    process.python->leave_early(static_cast<int>(code));
}

}  // namespace geventd::py
