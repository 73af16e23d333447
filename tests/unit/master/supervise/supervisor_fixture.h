// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "master/supervise/supervisor.h"
#include "unit/master/supervise/fake_processes.h"

namespace geventd::master {

// Generations whose workers are executed, unless a test wants otherwise: each has a pid and a
// channel of its own.
class SupervisorTest : public testing::Test {
  protected:
    void begin(int workers = 2) {
        Generation::Plan plan;
        plan.settings.app.module = "test:app";
        plan.settings.app.preload = preload;
        plan.settings.workers.processes = workers;
        plan.settings.limits.drain_requests = std::chrono::seconds(60);
        plan.settings.limits.drain_background = std::chrono::seconds(5);
        plan.settings.reload = reload;
        plan.settings.workers.max_lifetime = max_lifetime;
        plan.settings.workers.reload_on_rss = reload_on_rss;
        plan.contents.generation = ++generations;
        plan.contents.program.executable = "/nowhere";
        plan.rolling = rolling && supervisor.serving() != nullptr;
        plan.restarts = reload.strategy == config::ReloadStrategy::Restart;
        supervisor.begin(std::move(plan));
    }

    std::optional<Supervisor::Outcome> settle() {
        world.loop.run_pending();
        return supervisor.settle();
    }

    void begin_and_serve(int workers = 2) {
        const std::size_t first = world.processes.started.size();
        begin(workers);
        for (std::size_t at = first; at < world.processes.started.size(); ++at) {
            get_ready(at);
        }
        ASSERT_TRUE(settle()->serves);
    }

    void get_ready(std::size_t index) {
        hear(world.processes.started[index].channel);
        say(world.processes.started[index].channel, ipc::MessageType::Ready);
    }

    [[nodiscard]] std::size_t started() const { return world.processes.started.size(); }

    void die(std::size_t index, int signal = SIGKILL) {
        supervisor.on_exit(killed_by(world.processes.started[index].pid, signal));
    }

    void leave(std::size_t index, ExitCode code = ExitCode::Ok) {
        supervisor.on_exit(exited(world.processes.started[index].pid, code));
    }

    [[nodiscard]] bool was_killed(std::size_t index) const {
        return world.processes.killed.count(world.processes.started[index].pid) != 0;
    }

    /// Skips the messages about accepting, which every worker receives.
    ipc::Message heard_by(std::size_t index) {
        ipc::Message message;
        do {
            message = hear(world.processes.started[index].channel);
        } while (message.type == ipc::MessageType::Pause);
        return message;
    }

    FakeWorld world;
    Supervisor supervisor{world.services};
    std::uint32_t generations = 0;
    config::Milliseconds max_lifetime{0};
    std::uint64_t reload_on_rss = 0;
    bool rolling = false;
    config::Reload reload;
    config::Preload preload = config::Preload::Never;
};

}  // namespace geventd::master
