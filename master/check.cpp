// SPDX-License-Identifier: MIT
#include "master/check.h"

#include <sys/wait.h>

#include <cerrno>
#include <utility>

#include "event/loop.h"
#include "master/host/host.h"
#include "master/listen_options.h"
#include "master/process/child_exit.h"
#include "master/process/spawner.h"
#include "master/supervise/launch_kit.h"
#include "master/supervise/preload_words.h"
#include "shm/region.h"

namespace geventd::master {

namespace {

class NoListener final : public ChangeListener {
  public:
    void on_change() noexcept override {}

    void on_demand(ipc::Demand) noexcept override {}

    void on_sources(const std::string&) noexcept override {}
};

struct Verdict {
    std::string fault;  ///< "" when it said that the application is loaded
    std::string connections;
};

Verdict await_verdict(ipc::Channel& channel) {
    Verdict verdict;
    for (;;) {
        auto message = channel.wait();
        if (!message) {
            return {message.error().message, {}};
        }
        if (!*message) {
            return {"the process ended", {}};
        }
        if ((*message)->type == ipc::MessageType::Failed) {
            return {std::move((*message)->text), {}};
        }
        if ((*message)->type == ipc::MessageType::Connected) {
            verdict.connections = std::move((*message)->text);
        }
        if ((*message)->type == ipc::MessageType::Loaded) {
            return verdict;
        }
    }
}

ChildExit await_exit(pid_t pid) {
    ChildExit exit{pid, 0};
    while (::waitpid(pid, &exit.status, 0) < 0 && errno == EINTR) {
    }
    return exit;
}

}  // namespace

CheckReport check_application(const config::Settings& settings) {
    wanted_sockets(settings);  // throws for users and groups that this host does not know
    event::Loop loop;
    auto identity = find_identity(settings.process);
    if (!identity) {
        throw std::runtime_error(identity.error().message);
    }
    Spawner spawner(std::move(*identity));
    const shm::Region scoreboard =
        shm::Region::create("geventd-scoreboard", sizeof(shm::Scoreboard));
    SlotPool slots(shm::Scoreboard::format(scoreboard.data(), scoreboard.size()));
    NoListener listener;
    event::DeadlineClock clock(loop);
    Signals signals(loop, clock, settings.signals,
                    shm::Scoreboard::open(scoreboard.data(), scoreboard.size()));
    const Surroundings surroundings{loop, spawner, slots, scoreboard, listener, signals};
    LaunchKit kit(surroundings, settings, {0, find_worker_executable(settings.app.python), {}});
    auto spawned = kit.launch(ipc::Role::Check);
    Verdict verdict = await_verdict(spawned.channel);
    spawned.channel.release().reset();
    const ChildExit exit = await_exit(spawned.pid);
    if (verdict.fault == "the process ended") {
        verdict.fault += ": " + describe(exit);
    }
    return {std::move(verdict.fault), {tell_of_loading(settings.app.preload, verdict.connections)}};
}

}  // namespace geventd::master
