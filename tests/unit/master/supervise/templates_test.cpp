// SPDX-License-Identifier: MIT
#include "master/supervise/templates.h"

#include <unistd.h>

#include <csignal>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "ipc/named_fds.h"
#include "shm/layout.h"
#include "unit/master/supervise/captured_log.h"
#include "unit/master/supervise/fake_processes.h"

namespace geventd::master {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

config::Settings settings() {
    config::Settings settings;
    settings.app.module = "test:app";
    return settings;
}

class TemplatesTest : public testing::Test {
  protected:
    TemplatesTest() { templates.launch(); }

    void settle() {
        world.loop.run_pending();
        templates.maintain(world.processes.time);
    }

    FakeProcesses::Started& process(std::size_t index) { return world.processes.started.at(index); }

    // Makes the newest template report Loaded; returns the spare's end of the channel.
    ipc::Channel load() {
        ipc::Channel& channel = world.processes.started.back().channel;
        EXPECT_EQ(hear(channel).type, ipc::MessageType::Boot);
        say(channel, ipc::MessageType::Loaded);
        settle();
        return spare_asked_of(channel);
    }

    // The spare reports Hello and Loaded; the test's own process plays its role from now on.
    void spare_loads(ipc::Channel& spare) {
        say(spare, ipc::MessageType::Hello);
        say(spare, ipc::MessageType::Loaded);
    }

    static ipc::Channel spare_asked_of(ipc::Channel& channel) {
        ipc::Message order = hear(channel);
        EXPECT_EQ(order.type, ipc::MessageType::ForkSpare);
        return ipc::Channel(std::move(order.fds.at(0)));
    }

    void kill_first() { templates.on_exit(killed_by(1000, SIGKILL)); }

    FakeWorld world;
    LaunchKit kit{world.services, settings(), {7, "/nowhere", {}}};
    Templates templates{world.services, kit, config::Limits{}};
};

TEST_F(TemplatesTest, BootTheFirstWithAllThatItNeeds) {
    ipc::Message boot = hear(process(0).channel);
    EXPECT_EQ(boot.type, ipc::MessageType::Boot);
    EXPECT_EQ(boot.role, ipc::Role::Template);
    EXPECT_EQ(boot.generation, 7U);
    const std::string layout = shm::layout() + '\n';
    ASSERT_TRUE(boot.text.starts_with(layout));
    ipc::NamedFds fds(boot.text.substr(layout.size()), std::move(boot.fds));
    for (const std::string_view name :
         {ipc::kBootConfig, ipc::kBootScoreboard, ipc::kBootSignals}) {
        EXPECT_TRUE(fds.take(name)) << name;
    }
    EXPECT_TRUE(fds.take_all(ipc::kBootListener).empty());
    EXPECT_GT(fds.take_all(ipc::kBootEventfd).size(), 1U);
    EXPECT_NO_THROW(fds.expect_none());
    EXPECT_EQ(process(0).arguments,
              (std::vector<std::string>{"geventd-worker", "template", "gen", "7"}));
}

TEST_F(TemplatesTest, WhatADeadOneWasAskedForWillNotComeThroughNoFaultOfTheWorkers) {
    const ipc::Channel spares = load();
    EXPECT_TRUE(templates.start(12, 3));
    EXPECT_FALSE(templates.has_lost_requests());
    process(0).channel.release().reset();  // it was killed; its exit is not known yet
    EXPECT_TRUE(templates.has_lost_requests());
    EXPECT_FALSE(templates.can_start());
    kill_first();
    settle();
    EXPECT_TRUE(templates.take_replacement());
}

TEST_F(TemplatesTest, StartWorkersOnceTheApplicationIsLoaded) {
    EXPECT_FALSE(templates.can_start());
    load();
    ASSERT_TRUE(templates.can_start());
    EXPECT_TRUE(templates.start(12, 3));
    const ipc::Message order = hear(process(0).channel);
    EXPECT_EQ(order.type, ipc::MessageType::Fork);
    EXPECT_EQ(order.slot, 12U);
    EXPECT_EQ(order.worker, 3U);
    EXPECT_EQ(order.fds.size(), 2U) << "the channel and the eventfd";
}

TEST_F(TemplatesTest, SayWhyTheFirstFailed) {
    EXPECT_FALSE(templates.load_failure());
    say(process(0).channel, ipc::MessageType::Failed, "no module named test");
    templates.on_exit(exited(1000, ExitCode::ApplicationFailed));
    EXPECT_EQ(templates.load_failure(), "no module named test");
}

TEST_F(TemplatesTest, SayHowTheFirstDied) {
    templates.on_exit(killed_by(1000, SIGSEGV));
    EXPECT_EQ(templates.load_failure(),
              "the process that loads it (pid 1000) ended: killed by SIGSEGV, a crash in native "
              "code");
}

TEST_F(TemplatesTest, PromoteTheSpareAndGiveItOneOfItsOwn) {
    ipc::Channel spare = load();
    spare_loads(spare);
    kill_first();
    settle();
    EXPECT_TRUE(templates.can_start());
    EXPECT_EQ(world.processes.started.size(), 1U) << "a template was exec'd without need";
    spare_asked_of(spare);
    templates.start(1, 1);
    EXPECT_EQ(hear(spare).type, ipc::MessageType::Fork);
}

TEST_F(TemplatesTest, AskForAnotherSpareWhenItDies) {
    load().release().reset();
    settle();
    spare_asked_of(process(0).channel);
    EXPECT_TRUE(templates.can_start());
}

TEST_F(TemplatesTest, ExecAFreshOneWhenBothAreGone) {
    load().release().reset();
    kill_first();
    settle();
    ASSERT_EQ(world.processes.started.size(), 2U);
    EXPECT_FALSE(templates.can_start());
    const ipc::Channel spare = load();
    EXPECT_TRUE(templates.can_start());
}

TEST_F(TemplatesTest, BackOffWhenFreshOnesCannotLoadAnyMore) {
    load().release().reset();
    kill_first();
    settle();
    templates.on_exit(exited(1001, ExitCode::ApplicationFailed));
    settle();
    EXPECT_EQ(world.processes.started.size(), 2U);
    EXPECT_EQ(templates.next_deadline(), world.processes.time + milliseconds(500));
    world.processes.time += milliseconds(500);
    settle();
    EXPECT_EQ(world.processes.started.size(), 3U);
}

TEST_F(TemplatesTest, LeaveWhenTheyAreDismissed) {
    ipc::Channel spare = load();
    say(spare, ipc::MessageType::Loaded);
    settle();
    templates.dismiss();
    ipc::Message message;
    EXPECT_EQ(process(0).channel.receive(message).value(), ipc::Channel::State::Closed);
    EXPECT_EQ(spare.receive(message).value(), ipc::Channel::State::Closed);
    EXPECT_TRUE(world.processes.killed.empty());
    world.processes.time += seconds(5);
    templates.clean_up(world.processes.time);
    EXPECT_EQ(world.processes.killed.count(1000), 1U);
    kill_first();
    templates.clean_up(world.processes.time);
    EXPECT_EQ(templates.next_deadline(), TimePoint::max());
    EXPECT_TRUE(templates.empty());
}

TEST_F(TemplatesTest, ReplaceOneThatDoesNotAnswerByItsSpare) {
    ipc::Channel spare = load();
    say(process(0).channel, ipc::MessageType::Forked);
    spare_loads(spare);
    settle();
    ASSERT_TRUE(templates.start(1, 1));
    world.processes.time += seconds(9);
    settle();
    EXPECT_FALSE(templates.take_replacement());
    world.processes.time += seconds(1);
    settle();
    EXPECT_TRUE(templates.take_replacement());
    EXPECT_FALSE(templates.take_replacement());
    EXPECT_EQ(world.processes.killed.count(1000), 1U);
    EXPECT_TRUE(templates.can_start()) << "before the killed one has gone";
    spare_asked_of(spare);
    say(spare, ipc::MessageType::Forked);
    settle();
    kill_first();
    settle();
    EXPECT_TRUE(templates.can_start());
    EXPECT_EQ(world.processes.started.size(), 1U);
}

TEST_F(TemplatesTest, ExecAFreshOneWhenTheSpareIsStoppedToo) {
    ipc::Channel spare = load();
    say(process(0).channel, ipc::MessageType::Forked);
    spare_loads(spare);
    settle();
    world.processes.states = {{1000, 'T'}, {::getpid(), 'T'}};
    ASSERT_TRUE(templates.start(1, 1));
    world.processes.time += seconds(10);
    settle();
    EXPECT_EQ(world.processes.killed, (std::set<pid_t>{1000, ::getpid()}));
    ASSERT_EQ(world.processes.started.size(), 2U);
    EXPECT_FALSE(templates.can_start());
    load();
    EXPECT_TRUE(templates.can_start());
}

TEST_F(TemplatesTest, AnAnswerGivesTheNextRequestItsTime) {
    ipc::Channel spare = load();
    templates.start(1, 1);
    for (int i = 0; i < 2; ++i) {
        world.processes.time += seconds(9);
        say(process(0).channel, ipc::MessageType::Forked);
        settle();
    }
    world.processes.time += seconds(100);
    settle();
    EXPECT_TRUE(world.processes.killed.empty());
}

TEST_F(TemplatesTest, TellOfConnectionsUntilTheTemplateHasGone) {
    EXPECT_EQ(templates.connections(), "");
    say(process(0).channel, ipc::MessageType::Connected, "127.0.0.1:5432");
    world.loop.run_pending();
    EXPECT_EQ(templates.connections(), "127.0.0.1:5432");
    templates.kill("a test");
    kill_first();
    templates.clean_up(world.processes.time);
    EXPECT_EQ(templates.connections(), "");
}

TEST_F(TemplatesTest, SayThatTheFirstTookTooLongWhetherOrNotItGoes) {
    world.processes.time += std::chrono::minutes(5);
    templates.check_deadlines(world.processes.time);
    EXPECT_EQ(world.processes.killed.count(1000), 1U);
    const std::string failure = templates.load_failure().value_or("");
    EXPECT_NE(failure.find("limits.load-time"), std::string::npos) << failure;
    kill_first();
    EXPECT_EQ(templates.load_failure(), failure);
}

TEST_F(TemplatesTest, HaveNoHopeWhenThreeHaveDiedAtTheirForks) {
    for (pid_t pid = 1000; pid < 1003; ++pid) {
        EXPECT_FALSE(templates.fork_failure());
        const ipc::Channel spare = load();
        templates.on_exit(killed_by(pid, SIGSEGV));
        settle();
        world.processes.time += seconds(1);
        settle();
    }
    EXPECT_EQ(templates.fork_failure(),
              "the template (pid 1002) died: killed by SIGSEGV, a crash in native code");
}

TEST_F(TemplatesTest, HaveNoHopeWhenOneDiesAtItsForksAndTwoCannotLoadAnyMore) {
    load().release().reset();
    kill_first();
    settle();
    for (pid_t pid = 1001; pid < 1003; ++pid) {
        EXPECT_FALSE(templates.fork_failure());
        world.processes.time += seconds(1);
        settle();
        say(world.processes.started.back().channel, ipc::MessageType::Failed, "no module test");
        templates.on_exit(exited(pid, ExitCode::ApplicationFailed));
        settle();
    }
    EXPECT_EQ(templates.fork_failure(), "the template (pid 1002) died: no module test");
}

TEST_F(TemplatesTest, HaveHopeAgainOnceOneAnswers) {
    for (pid_t pid = 1000; pid < 1010; ++pid) {
        const ipc::Channel spare = load();
        if (pid % 2 == 0) {
            say(world.processes.started.back().channel, ipc::MessageType::Forked);
            settle();
        }
        templates.on_exit(killed_by(pid, SIGKILL));
        settle();
        EXPECT_FALSE(templates.fork_failure());
        world.processes.time += std::chrono::minutes(1);
        settle();
    }
}

TEST_F(TemplatesTest, DoNotPromoteASpareThatWasNotForkedYet) {
    ipc::Channel spare = load();
    capture_log();
    kill_first();
    settle();
    EXPECT_EQ(world.processes.started.size(), 2U);
    EXPECT_EQ(captured_log().find("takes over"), std::string::npos);
    ipc::Message hello;
    hello.type = ipc::MessageType::Hello;
    EXPECT_FALSE(spare.send(hello)) << "it would live on unknown";
}

TEST_F(TemplatesTest, PromoteASpareThatHasJustSaidItsName) {
    ipc::Channel spare = load();
    say(spare, ipc::MessageType::Hello);
    kill_first();
    templates.maintain(world.processes.time);
    EXPECT_EQ(templates.pid(), ::getpid());
    EXPECT_EQ(world.processes.started.size(), 1U);
}

TEST_F(TemplatesTest, KillASpareByTheNameThatWaitsInItsChannel) {
    ipc::Channel spare = load();
    say(spare, ipc::MessageType::Hello);
    templates.kill("a test");
    EXPECT_TRUE(world.processes.killed.contains(::getpid()));
    templates.on_exit(killed_by(1000, SIGKILL));
    templates.clean_up(world.processes.time);
    EXPECT_FALSE(templates.empty()) << "the spare is still there";
}

TEST_F(TemplatesTest, DoNotWaitForASpareThatSigkillDoesNotEnd) {
    ipc::Channel spare = load();
    say(process(0).channel, ipc::MessageType::Forked);
    say(spare, ipc::MessageType::Hello);
    settle();
    world.processes.time += std::chrono::minutes(5);
    settle();
    EXPECT_TRUE(world.processes.killed.contains(::getpid()));
    spare_asked_of(process(0).channel);
}

TEST_F(TemplatesTest, StartNoMoreThanAFewThatSigkillDoesNotEnd) {
    load().release().reset();
    kill_first();
    for (int turn = 0; turn < 10; ++turn) {
        settle();
        world.processes.time += std::chrono::minutes(5);
    }
    EXPECT_EQ(world.processes.started.size(), 4U);
    EXPECT_GT(templates.next_deadline(), world.processes.time - std::chrono::minutes(5));
    templates.on_exit(killed_by(1001, SIGKILL));
    settle();
    EXPECT_EQ(world.processes.started.size(), 5U);
}

TEST(TemplateHandleStates, FollowEachOtherForwardOnly) {
    using State = TemplateHandle::State;
    const State all[] = {State::Loading, State::Loaded, State::Leaving, State::Stopping,
                         State::Gone};
    for (const State from : all) {
        for (const State to : all) {
            EXPECT_EQ(can_follow(from, to), from < to);
        }
    }
}

}  // namespace
}  // namespace geventd::master
