// SPDX-License-Identifier: MIT
#include "worker/python/process/template_process.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/exit_code.h"
#include "log/logger.h"
#include "net/listening.h"
#include "worker/process/log_renewal.h"
#include "worker/python/process/forking.h"
#include "worker/python/process/load.h"
#include "worker/python/process/preload.h"
#include "worker/python/process/worker_process.h"
#include "worker/python/process/worker_title.h"

namespace geventd::py {

namespace {

constexpr int kLogPatience = 1000;  // milliseconds between attempts to write lines that wait

// If the master does not listen any more, it is gone, and the channel reaches its end.
void say(ipc::Channel& channel, ipc::MessageType type) {
    ipc::Message message;
    message.type = type;
    [[maybe_unused]] const auto sent = channel.send_within(ipc::kMasterPatience, message);
}

// `process` has its own channel already.
[[noreturn]] void become_worker(Process& process, ipc::Message& order) {
    worker::BootInfo& boot = process.boot;
    boot.slot = order.slot;
    boot.worker = order.worker;
    log::set_role("worker " + std::to_string(boot.worker));
    try {
        boot.open_slot();
        process.python->call("after_fork");
        boot.set_own_eventfd(std::move(order.fds.at(1)));
        process.api->adopt();
        process.api->open(process.channel);
    } catch (const std::exception& error) {
        log::error("the worker cannot be set up after the fork: {}", error.what());
        log::finish();
        ::_exit(static_cast<int>(ExitCode::BootFailed));
    }
    serve(process);
}

// A spare is a template, too, and continues in the caller's loop.
void become_spare(Process& process) {
    process.api->adopt();
    say(process.channel, ipc::MessageType::Loaded);
}

// nullopt: the master is gone. Meanwhile writes log lines that wait, as soon as that is possible.
Result<std::optional<ipc::Message>> wait_for_order(ipc::Channel& channel) {
    int ready = 0;
    while (ready == 0 && log::is_behind()) {
        log::retry();
        pollfd watched{channel.fd(), POLLIN, 0};
        do {
            ready = ::poll(&watched, 1, kLogPatience);
        } while (ready < 0 && errno == EINTR);
    }
    return channel.wait();
}

// The process that loaded the application ends as CPython does, which also ends what it started,
// such as children of multiprocessing. A forked spare has nothing of its own to end.
[[noreturn]] void end_template(const Interpreter& python, bool loaded_here) {
    if (loaded_here) {
        python.leave_early(static_cast<int>(ExitCode::Ok));
    }
    log::finish();
    ::_exit(static_cast<int>(ExitCode::Ok));
}

// Follows the master's orders until the master closes the channel. Throws std::runtime_error when
// the application has closed the channel.
[[noreturn]] void take_orders(Process& process) {
    const Interpreter& python = *process.python;
    ipc::Channel& channel = process.channel;
    const int stacks = process.stacks.get();
    prepare_to_fork(python);
    bool is_first_fork = true;
    say(channel, ipc::MessageType::Loaded);
    bool loaded_here = true;
    for (;;) {
        const ino_t line = net::socket_inode(channel.fd());
        auto order = wait_for_order(channel);
        if (!order) {
            if (net::socket_inode(channel.fd()) != line) {
                throw std::runtime_error("the application has closed its line to the master");
            }
            log::error("a message of the master cannot be read: {}", order.error().message);
            continue;
        }
        if (!*order) {
            end_template(python, loaded_here);
        }
        ipc::Message& message = **order;
        if (message.type == ipc::MessageType::Reopen) {
            worker::renew_log(message);
        } else if (message.type == ipc::MessageType::Certificates && !message.fds.empty()) {
            process.boot.tls = raised(std::move(message.fds[0]));
        } else if (message.type == ipc::MessageType::Drain) {
            process.boot.listeners.clear();  // what nobody holds refuses connections
            say(channel, ipc::MessageType::Draining);
        } else if (message.type == ipc::MessageType::Fork && message.fds.size() == 2) {
            ipc::Channel workers(std::move(message.fds[0]));
            if (fork_application(python, workers, stacks) == Forked::Child) {
                channel = std::move(workers);
                become_worker(process, message);
            }
            say(channel, ipc::MessageType::Forked);
            if (std::exchange(is_first_fork, false)) {
                warn_of_lost_threads(python);
            }
        } else if (message.type == ipc::MessageType::ForkSpare && !message.fds.empty()) {
            ipc::Channel spares(std::move(message.fds[0]));
            if (fork_application(python, spares, stacks) == Forked::Child) {
                channel = std::move(spares);
                become_spare(process);
                loaded_here = false;
            } else {
                say(channel, ipc::MessageType::Forked);
            }
        }
    }
}

}  // namespace

void run_template(Host& host, Process& process) {
    log::set_role("template");
    const Preload preload;
    LoadSteps steps;
    steps.reports_sources = true;
    steps.before = [&] { show_role_title(process.boot, process.title); };
    steps.after = [&] {
        if (!preload.can_be_forked(*process.python, process.boot.settings.app, process.channel)) {
            // The master starts workers that load the application for themselves.
            process.python->leave_early(static_cast<int>(ExitCode::Ok));
        }
    };
    load(host, process, steps);
    try {
        take_orders(process);
    } catch (const std::exception& error) {
        log::error("the template cannot go on: {}", error.what());
        log::finish();
        ::_exit(static_cast<int>(ExitCode::Internal));
    }
}

}  // namespace geventd::py
