// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/errno_error.h"
#include "master/process/processes.h"
#include "master/supervise/services.h"
#include "shm/region.h"

namespace geventd::master {

/// Imaginary processes: the test holds the other ends of their channels, decides when they die, and
/// moves the clock.
class FakeProcesses final : public Processes {
  public:
    struct Started {
        pid_t pid;
        std::vector<std::string> arguments;
        ipc::Channel channel;
    };

    Spawned spawn(const Command& command) override {
        time += spawn_takes;
        if (!can_spawn) {
            throw ErrnoError(EAGAIN, "start geventd-worker");
        }
        auto [ours, theirs] = ipc::Channel::make_pair();
        started.push_back({next_pid, command.arguments, std::move(theirs)});
        return {next_pid++, std::move(ours)};
    }

    void kill(pid_t pid) noexcept override { killed.insert(pid); }

    void ask_for_stack(pid_t pid, ipc::StackOf) noexcept override { asked.push_back(pid); }

    [[nodiscard]] char state(pid_t pid) const noexcept override {
        const auto found = states.find(pid);
        return found == states.end() ? 'S' : found->second;
    }

    [[nodiscard]] std::uint64_t resident_bytes(pid_t pid) const noexcept override {
        const auto found = resident.find(pid);
        return found == resident.end() ? 0 : found->second;
    }

    [[nodiscard]] TimePoint now() const override { return time; }

    std::vector<Started> started;
    std::set<pid_t> killed;
    std::vector<pid_t> asked;      ///< processes asked for their stacks
    std::map<pid_t, char> states;  ///< processes not listed are in state S
    std::map<pid_t, std::uint64_t> resident;
    bool can_spawn = true;
    Duration spawn_takes{0};
    pid_t next_pid = 1000;
    TimePoint time{std::chrono::hours(1)};
};

/// What a handle or a generation needs around it.
class FakeWorld final : public ChangeListener {
  public:
    void on_change() noexcept override { ++changes; }

    void on_sources(const std::string& paths) noexcept override { sources += paths; }

    void on_demand(ipc::Demand demand) noexcept override { demands.push_back(demand); }

    event::Loop loop;
    FakeProcesses processes;
    shm::Region region = shm::Region::create("test", sizeof(shm::Scoreboard));
    SlotPool slots{shm::Scoreboard::format(region.data(), region.size())};
    event::DeadlineClock clock{loop};
    Signals signals{loop, clock, {}, shm::Scoreboard::open(region.data(), region.size())};
    Services services{loop, processes, slots, region, *this, signals};
    int changes = 0;
    std::vector<ipc::Demand> demands;
    std::string sources;
};

inline void say(ipc::Channel& channel, ipc::MessageType type, std::string text = {}) {
    ipc::Message message;
    message.type = type;
    message.text = std::move(text);
    EXPECT_TRUE(channel.send(message));
}

/// The next message that arrived there; Hello, which is never sent to a child, if there is none.
inline ipc::Message hear(ipc::Channel& channel) {
    ipc::Message message;
    EXPECT_TRUE(channel.receive(message));
    return message;
}

inline ChildExit killed_by(pid_t pid, int signal) {
    return {pid, signal};
}

inline ChildExit exited(pid_t pid, ExitCode code) {
    return {pid, static_cast<int>(code) << 8};
}

}  // namespace geventd::master
