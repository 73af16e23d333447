// SPDX-License-Identifier: MIT
// geventd-worker: run by the master as template, as worker, or to check an application. All it
// needs comes over the channel on descriptor 3.
#include <Python.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "base/exit_code.h"
#include "ipc/channel.h"
#include "log/logger.h"
#include "net/fresh_connections.h"
#include "net/listening.h"
#include "worker/boot_info.h"
#include "worker/master_link.h"
#include "worker/overtime.h"
#include "worker/python/api/embedded.h"
#include "worker/python/embedded_host.h"
#include "worker/python/error.h"
#include "worker/python/process.h"
#include "worker/python/source_report.h"
#include "worker/python/stack_dump.h"
#include "worker/python/template_process.h"
#include "worker/python/worker_process.h"
#include "worker/python/worker_title.h"

namespace geventd {

namespace {

void say_failed(ipc::Channel& channel, ExitCode code, const std::string& reason) {
    ipc::Message failed;
    failed.type = ipc::MessageType::Failed;
    failed.value = static_cast<std::uint32_t>(code);
    failed.text = reason;
    if (!channel.send_within(ipc::kMasterPatience, failed)) {
        log::error("{}", reason);
    }
}

[[noreturn]] void fail(ipc::Channel& channel, ExitCode code, const std::string& reason) {
    say_failed(channel, code, reason);
    log::finish();
    ::_exit(static_cast<int>(code));
}

void say(ipc::Channel& channel, ipc::MessageType type, const std::string& text = {}) {
    ipc::Message message;
    message.type = type;
    message.text = text;
    if (!channel.send_within(ipc::kMasterPatience, message)) {
        ::_exit(static_cast<int>(ExitCode::Internal));
    }
}

ipc::Message wait_for_boot(ipc::Channel& channel) {
    say(channel, ipc::MessageType::Hello);
    auto message = channel.wait();
    if (!message) {
        fail(channel, ExitCode::Internal, message.error().message);
    }
    if (!*message) {
        ::_exit(static_cast<int>(ExitCode::Ok));  // the master is gone
    }
    return std::move(**message);
}

// A pipe of root's, say, cannot be opened anew by this process' user: the master has done that.
void take_log_of_master() {
    struct stat ours {
    }, theirs{};

    if (::fstat(ipc::kLogFd, &theirs) == 0 && ::fstat(STDERR_FILENO, &ours) == 0 &&
        ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino &&
        (::fcntl(ipc::kLogFd, F_GETFL) & O_NONBLOCK) != 0) {
        set_cloexec(ipc::kLogFd, true);
        log::adopt(UniqueFd::adopt(ipc::kLogFd));
    }
}

void open_log(const worker::BootInfo& boot) {
    log::open(STDERR_FILENO, static_cast<log::Level>(boot.settings.log.level),
              static_cast<log::Format>(boot.settings.log.format));
    take_log_of_master();
    log::set_role(boot.role == ipc::Role::Worker ? "worker " + std::to_string(boot.worker)
                                                 : "template");
}

// Peers of the connections that loading the application has left open, for people.
std::string left_open(const net::FreshConnections& fresh) {
    std::string text;
    try {
        for (const std::string& peer : fresh.peers()) {
            text += (text.empty() ? "" : ", ") + peer;
        }
    } catch (const std::exception& error) {
        log::warning("whether the application has left connections open cannot be seen: {}",
                     error.what());
    }
    return text;
}

// Whether workers can be forked from here.
bool can_be_forked(const worker::BootInfo& boot, const net::FreshConnections& fresh,
                   ipc::Channel& channel) {
    const config::Preload preload = boot.settings.app.preload;
    const std::string peers = boot.role == ipc::Role::Worker ? "" : left_open(fresh);
    if (!peers.empty()) {
        say(channel, ipc::MessageType::Connected, peers);
    }
    return preload == config::Preload::Always ||
           (preload == config::Preload::Auto && peers.empty());
}

void report_sources(const std::optional<py::Interpreter>& python, const worker::BootInfo& boot,
                    ipc::Channel& channel) {
    if (python && boot.settings.app.reload_on_change && boot.role != ipc::Role::Check) {
        py::SourceReport(*python, channel).send();
    }
}

// What template and worker do when the application is loaded, up to the worker's own part: hooks
// belong to workers that serve.
void rehearse(const py::Interpreter& python, const config::App& app, bool forked) {
    if (forked) {
        py::rehearse_fork(python);
    }
    py::patch_before_start(python, app);
    py::checked(PyObject_CallNoArgs(py::imported("gevent", "get_hub").get()));
}

void start_python(py::Host& host, py::Process& process) {
    const worker::BootInfo& boot = process.boot;
    host.start(boot.settings.app);
    py::Interpreter& python = process.python.emplace(boot.settings.app, process.title);
    process.stacks = py::write_stacks_on_signal();
    py::tell_of_stacks(process.channel, process.stacks.get());
    if (boot.role != ipc::Role::Check) {
        py::show_role_title(boot, process.title);
    }
    process.native.emplace(boot, process.title);
    py::offer_embedded_modules(python);
    process.api.emplace(boot);
    if (boot.role == ipc::Role::Worker) {
        process.api->open(process.channel);
    }
}

// What loads closes descriptors that are not its own: nothing can be said to the master then, and
// the log may be gone with it.
[[noreturn]] void leave_unheard(const worker::BootInfo& boot) {
    log::open(STDERR_FILENO, static_cast<log::Level>(boot.settings.log.level),
              static_cast<log::Format>(boot.settings.log.format));
    log::error(
        "descriptor {}, the line to the master, was closed or replaced by the application while it "
        "was loaded: look for os.closerange() and for descriptors that are closed twice",
        ipc::kChannelFd);
    ::_exit(static_cast<int>(ExitCode::ApplicationFailed));
}

void load(py::Host& host, py::Process& process) {
    const worker::BootInfo& boot = process.boot;
    const net::FreshConnections fresh;
    start_python(host, process);
    process.applications = py::load_applications(*process.python, boot.settings.app);
    py::load_functions(*process.python, *process.api);
    report_sources(process.python, boot, process.channel);
    const bool forked = can_be_forked(boot, fresh, process.channel);
    if (boot.role == ipc::Role::Check) {
        rehearse(*process.python, boot.settings.app, forked);
    } else if (boot.role == ipc::Role::Template && !forked) {
        // The master starts workers that load for themselves.
        process.python->leave_early(static_cast<int>(ExitCode::Ok));
    }
}

[[noreturn]] void leave_unloaded(const std::optional<py::Interpreter>& python,
                                 ipc::Channel& channel, const std::string& failure) {
    if (!python) {
        fail(channel, ExitCode::ApplicationFailed, failure);
    }
    say_failed(channel, ExitCode::ApplicationFailed, failure);
    python->leave_early(static_cast<int>(ExitCode::ApplicationFailed));
}

[[noreturn]] void run(py::Host& host, ipc::Channel to_master) {
    worker::die_with_master(true);
    py::Process& process = *std::make_unique<py::Process>(std::move(to_master)).release();
    auto& [channel, boot, title, python, native, api, applications, stacks] = process;
    try {
        boot = worker::unpack(wait_for_boot(channel));
        open_log(boot);
    } catch (const std::exception& error) {
        fail(channel, ExitCode::Internal, error.what());
    }
    std::optional<std::string> failure;
    const ino_t line = net::socket_inode(channel.fd());
    try {
        load(host, process);
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (net::socket_inode(channel.fd()) != line) {
        leave_unheard(boot);
    }
    if (failure) {
        report_sources(python, boot, channel);
        leave_unloaded(python, channel, *failure);
    }
    if (boot.role == ipc::Role::Worker) {
        py::serve(process);
    }
    if (boot.role == ipc::Role::Template) {
        try {
            py::run_template(process);
        } catch (const std::exception& error) {
            log::error("the template cannot go on: {}", error.what());
            log::finish();
            ::_exit(static_cast<int>(ExitCode::Internal));
        }
    }
    say(channel, ipc::MessageType::Loaded);
    python->leave(static_cast<int>(ExitCode::Ok));
}

}  // namespace

}  // namespace geventd

int main(int argc, char**) {
    if (argc < 2) {
        std::fputs("geventd-worker is run by geventd, not by hand\n", stderr);
        return static_cast<int>(geventd::ExitCode::CommandLine);
    }
    geventd::set_cloexec(geventd::ipc::kChannelFd, true);
    geventd::worker::leave_interrupts_to_master();
    geventd::py::EmbeddedHost host;
    geventd::run(host, geventd::ipc::Channel(geventd::UniqueFd::adopt(geventd::ipc::kChannelFd)));
}
