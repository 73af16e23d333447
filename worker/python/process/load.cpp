// SPDX-License-Identifier: MIT
#include "worker/python/process/load.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "log/logger.h"
#include "net/listening.h"
#include "worker/python/api/embedded.h"
#include "worker/python/base/error.h"
#include "worker/python/inspect/stack_dump.h"
#include "worker/python/process/source_report.h"
#include "worker/python/process/to_master.h"

namespace geventd::py {

namespace {

// The folder of the configuration file; empty when there is none.
std::string config_folder(const std::string& file) {
    std::error_code failed;
    return file.empty() ? "" : std::filesystem::absolute(file, failed).parent_path().string();
}

void enter_directory(const std::string& chdir) {
    if (!chdir.empty() && ::chdir(chdir.c_str()) != 0) {
        throw_errno("app.chdir", chdir);
    }
}

void start_python(Host& host, Process& process) {
    const worker::BootInfo& boot = process.boot;
    // Before app.chdir, since the file's name may be relative.
    const std::string folder = config_folder(boot.settings.source);
    enter_directory(boot.settings.app.chdir);
    ::prctl(PR_SET_NAME, "geventd-worker");  // whatever the program is called that runs it
    const Ref native = host.start(boot.settings.app);
    process.python.emplace(boot.settings.app, process.title);
    process.python->call("look_beside", checked(PyUnicode_DecodeFSDefault(folder.c_str())));
    process.stacks = write_stacks_on_signal();
    tell_of_stacks(process.channel, process.stacks.get());
    process.native.emplace(boot, process.title);
    offer_embedded_modules(*process.python);
    process.python->call("follow_sessions",
                         Ref::borrow(boot.settings.sticky.is_set() ? Py_True : Py_False));
    process.api.emplace(boot, native.get());
}

Ref string_list(const std::vector<std::string>& strings) {
    Ref list = checked(PyList_New(0));
    for (const std::string& text : strings) {
        const Ref item = checked(PyUnicode_FromString(text.c_str()));
        if (PyList_Append(list.get(), item.get()) < 0) {
            throw_pending();
        }
    }
    return list;
}

Ref load_one(const Interpreter& python, const std::string& prefix, const std::string& module) {
    return python.call("mount", checked(Py_BuildValue("(ss)", prefix.c_str(), module.c_str())));
}

// Applies app.monkey-patch if it is to be applied before the load, imports app.before-load, and
// loads the applications. Throws PythonError, with one sentence if that explains the fault.
Applications load_applications(const Interpreter& python, const config::App& app) {
    python.call("check_gevent");
    if (app.monkey_patch.when == config::MonkeyPatchTime::BeforeLoad) {
        python.call("patch", string_list(app.monkey_patch.modules));
    }
    for (const std::string& module : app.before_load) {
        python.call("run_before_load", checked(PyUnicode_FromString(module.c_str())));
    }
    Applications applications;
    if (!app.module.empty()) {
        applications.add("", load_one(python, "", app.module));
    }
    for (const auto& [prefix, module] : app.mounts) {
        applications.add(prefix, load_one(python, prefix, module));
    }
    return applications;
}

// Finds the functions that the configuration names: those that timers, crons and monitors run, and
// the hooks.
void load_functions(const Interpreter& python, Api& api, const config::Hooks& hooks) {
    const auto named = [](const char* name, const std::string& function) {
        return checked(Py_BuildValue("(ss)", name, function.c_str()));
    };
    api.load_functions([&](const std::string& function) {
        return python.call("load_function", named("run", function));
    });
    for (const auto& [name, function] :
         {std::pair("post-fork", &hooks.post_fork), std::pair("worker-exit", &hooks.worker_exit),
          std::pair("drain-begins", &hooks.drain_begins)}) {
        if (!function->empty()) {
            python.call("load_hook", named(name, *function));
        }
    }
    if (!hooks.worker_died.empty()) {
        const Ref handler = python.call("load_hook", named("worker-died", hooks.worker_died));
        api.handle_deaths_by(handler.get());
    }
}

// The application has closed descriptors that are not its own while it was loaded: the master
// cannot be told, and the log may be closed as well.
[[noreturn]] void leave_unheard(const config::Log& settings) {
    log::open(STDERR_FILENO, static_cast<log::Level>(settings.level),
              static_cast<log::Format>(settings.format));
    log::error(
        "descriptor {}, the line to the master, was closed or replaced by the application while it "
        "was loaded: look for os.closerange() and for descriptors that are closed twice",
        ipc::kChannelFd);
    ::_exit(static_cast<int>(ExitCode::ApplicationFailed));
}

[[noreturn]] void leave_unloaded(Process& process, const std::string& failure) {
    if (!process.python) {
        fail(process.channel, ExitCode::ApplicationFailed, failure);
    }
    tell_failure(process.channel, ExitCode::ApplicationFailed, failure);
    process.python->leave_early(static_cast<int>(ExitCode::ApplicationFailed));
}

// Returns the text of what the step has thrown.
std::optional<std::string> attempt(const std::function<void()>& step) {
    try {
        step();
    } catch (const std::exception& error) {
        return error.what();
    }
    return std::nullopt;
}

}  // namespace

void load(Host& host, Process& process, const LoadSteps& steps) {
    const config::Settings& settings = process.boot.settings;
    const ino_t line = net::socket_inode(process.channel.fd());
    const auto stay_heard = [&] {
        if (net::socket_inode(process.channel.fd()) != line) {
            leave_unheard(settings.log);
        }
    };
    std::optional<std::string> failure = attempt([&] {
        start_python(host, process);
        if (steps.before) {
            steps.before();
        }
        process.applications = load_applications(*process.python, settings.app);
        load_functions(*process.python, *process.api, settings.hooks);
        process.api->end_loading();
    });
    stay_heard();
    // Also when the load failed: a change of these files starts the reload that mends it.
    if (process.python && steps.reports_sources && settings.app.reload_on_change) {
        SourceReport(*process.python, process.channel).send();
    }
    if (!failure && steps.after) {
        failure = attempt(steps.after);
        stay_heard();
    }
    if (failure) {
        leave_unloaded(process, *failure);
    }
}

void patch_before_start(const Interpreter& python, const config::App& app) {
    if (app.monkey_patch.when == config::MonkeyPatchTime::BeforeStart) {
        python.call("patch", checked(PyList_New(0)));
    }
}

}  // namespace geventd::py
