// SPDX-License-Identifier: MIT
#include "master/supervise/launch_kit.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/sealed_memory.h"
#include "config/loader.h"
#include "net/accept_queue.h"
#include "shm/layout.h"

namespace geventd::master {

namespace {

// Opens a new read-only file description with an offset of its own; dup() would share one offset.
UniqueFd open_again(const UniqueFd& fd) {
    const std::string path = fmt::format("/proc/self/fd/{}", fd.get());
    UniqueFd again = UniqueFd::adopt(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!again) {
        throw_errno("open", "the configuration for a worker");
    }
    return again;
}

// As a worker reads it: the environment whose interpreter was named counts like app.virtualenv.
std::string configuration_for(config::Settings settings, const WorkerProgram& program) {
    if (!program.environment.empty()) {
        settings.app.virtualenv = program.environment;
    }
    return config::dump(settings);
}

}  // namespace

LaunchKit::LaunchKit(const Services& services, const config::Settings& settings, Contents contents)
    : services_(services),
      contents_(std::move(contents)),
      environment_(settings.app.environment),
      workers_(settings.workers.processes),
      config_(
          make_sealed_memory("geventd-config", configuration_for(settings, contents_.program))) {}

ipc::NamedFds LaunchKit::inheritance() const {
    ipc::NamedFds fds;
    fds.add(ipc::kBootConfig, open_again(config_));
    fds.add(ipc::kBootScoreboard, duplicate(services_.scoreboard.fd()));
    fds.add(ipc::kBootSignals, duplicate(services_.signals.memory_fd(contents_.generation)));
    if (services_.log != nullptr && services_.log->access) {
        fds.add(ipc::kBootAccessLog, duplicate(services_.log->access.get()));
    }
    if (contents_.tls) {
        fds.add(ipc::kBootTls, duplicate(contents_.tls.get()));
    }
    for (const UniqueFd& listener : contents_.listeners) {
        fds.add(ipc::kBootListener, duplicate(listener.get()));
    }
    fds.add_all(ipc::kBootEventfd, services_.signals.eventfds_for(workers_));
    return fds;
}

std::uint64_t LaunchKit::backlog() const {
    std::uint64_t waiting = 0;
    for (const UniqueFd& listener : contents_.listeners) {
        waiting += net::accept_queue(listener.get()).waiting;
    }
    return waiting;
}

// The role is for `ps`, which shows the command line until the process sets its own title.
Command LaunchKit::command(ipc::Role role, std::uint32_t worker) const {
    const WorkerProgram& program = contents_.program;
    Command command{program.executable, {}, environment_};
    std::vector<std::string>& words = command.arguments;
    if (program.script.empty()) {
        words.emplace_back("geventd-worker");
    } else {
        words.push_back(program.executable);  // by this name, Python finds its environment
        words.push_back(program.script);
    }
    if (role == ipc::Role::Worker) {
        words.emplace_back("worker");
        words.push_back(std::to_string(worker));
    } else {
        words.emplace_back(role == ipc::Role::Template ? "template" : "check");
    }
    if (contents_.generation != 0) {
        words.emplace_back("gen");
        words.push_back(std::to_string(contents_.generation));
    }
    return command;
}

Processes::Spawned LaunchKit::launch(ipc::Role role, std::uint32_t slot, std::uint32_t worker) {
    ipc::NamedFds fds = inheritance();
    if (role == ipc::Role::Worker) {
        fds.add(ipc::kBootOwnEventfd, services_.signals.eventfd_of(slot));
    }
    ipc::Message boot;
    boot.type = ipc::MessageType::Boot;
    boot.role = role;
    boot.generation = contents_.generation;
    boot.slot = slot;
    boot.worker = worker;
    boot.value = services_.log != nullptr && services_.log->has_marks ? 1 : 0;
    boot.text = fmt::format("{}\n{}", shm::layout(), fds.names());
    boot.fds = fds.release();
    auto spawned = services_.processes.spawn(command(role, worker));
    if (const auto sent = spawned.channel.send(boot); !sent) {
        // The process sees the closed channel and exits; if it is dead already, it is reaped.
        throw std::runtime_error(fmt::format("{} cannot be told what to do: {}",
                                             contents_.program.executable, sent.error().message));
    }
    return spawned;
}

}  // namespace geventd::master
