// SPDX-License-Identifier: MIT
#include "master/supervise/supervisor.h"

#include <csignal>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/many_descriptors.h"
#include "unit/master/supervise/captured_log.h"
#include "unit/master/supervise/supervisor_fixture.h"

namespace geventd::master {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = Generation::State;

TEST_F(SupervisorTest, ServesWhenEveryWorkerIsReady) {
    begin(2);
    ASSERT_EQ(started(), 2U);
    get_ready(0);
    EXPECT_FALSE(settle());
    EXPECT_EQ(supervisor.serving(), nullptr);
    get_ready(1);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->serves);
    EXPECT_EQ(outcome->generation, 1U);
    EXPECT_FALSE(supervisor.is_busy());
    EXPECT_FALSE(settle());
}

TEST_F(SupervisorTest, SaysOnceThatNoSlotIsLeftAndStartsTheRestWhenOneIs) {
    const ManyDescriptors many(2048);
    std::vector<SlotLease> taken;
    while (auto slot = world.slots.take(1)) {
        taken.push_back(std::move(*slot));
    }
    capture_log();
    begin(20);
    for (int turn = 0; turn < 20; ++turn) {
        world.processes.time += milliseconds(300);
        settle();
    }
    const std::string log = captured_log();
    const std::size_t first = log.find("slots of the scoreboard");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(log.find("slots of the scoreboard", first + 1), std::string::npos);
    EXPECT_EQ(started(), 0U);
    taken.clear();
    world.processes.time += seconds(1);
    settle();
    EXPECT_EQ(started(), 20U);
}

TEST_F(SupervisorTest, TellsEachWorkerItsNumberAndItsSlot) {
    begin(2);
    const ipc::Message first = heard_by(0);
    const ipc::Message second = heard_by(1);
    EXPECT_EQ(first.type, ipc::MessageType::Boot);
    EXPECT_EQ(first.role, ipc::Role::Worker);
    EXPECT_EQ(first.worker, 1U);
    EXPECT_EQ(second.worker, 2U);
    EXPECT_NE(first.slot, second.slot);
}

// What the master has sent to that worker since the last call.
std::vector<std::pair<ipc::MessageType, std::uint32_t>> all_heard(ipc::Channel& channel) {
    std::vector<std::pair<ipc::MessageType, std::uint32_t>> heard;
    for (ipc::Message message = hear(channel); message.type != ipc::MessageType::Hello;
         message = hear(channel)) {
        if (message.type != ipc::MessageType::Boot) {
            heard.emplace_back(message.type, message.value);
        }
    }
    return heard;
}

using Heard = std::vector<std::pair<ipc::MessageType, std::uint32_t>>;

TEST_F(SupervisorTest, WorkersAcceptWhenTheirWholeGenerationServes) {
    begin(2);
    for (std::size_t worker : {0, 1}) {
        EXPECT_EQ(all_heard(world.processes.started[worker].channel),
                  (Heard{{ipc::MessageType::Pause, 1}}));
        say(world.processes.started[worker].channel, ipc::MessageType::Ready);
    }
    ASSERT_TRUE(settle()->serves);
    for (std::size_t worker : {0, 1}) {
        EXPECT_EQ(all_heard(world.processes.started[worker].channel),
                  (Heard{{ipc::MessageType::Pause, 0}}));
    }
    die(0);
    settle();
    EXPECT_EQ(all_heard(world.processes.started[2].channel), Heard{});
}

TEST_F(SupervisorTest, StaysPausedOverDeathsAndReloads) {
    begin_and_serve(1);
    supervisor.pause(true);
    die(0);
    settle();
    EXPECT_EQ(all_heard(world.processes.started[1].channel), (Heard{{ipc::MessageType::Pause, 1}}));
    begin(1);
    EXPECT_EQ(all_heard(world.processes.started[2].channel), (Heard{{ipc::MessageType::Pause, 1}}));
    say(world.processes.started[2].channel, ipc::MessageType::Ready);
    ASSERT_TRUE(settle()->serves);
    EXPECT_EQ(all_heard(world.processes.started[2].channel), Heard{});
    supervisor.pause(false);
    EXPECT_EQ(all_heard(world.processes.started[2].channel), (Heard{{ipc::MessageType::Pause, 0}}));
}

TEST_F(SupervisorTest, ReplacesAWorkerThatDies) {
    begin_and_serve(2);
    world.processes.time += seconds(20);
    die(1);
    settle();
    ASSERT_EQ(started(), 3U);
    EXPECT_EQ(heard_by(2).worker, 2U);
    EXPECT_EQ(supervisor.serving()->status().respawns, 1U);
    EXPECT_FALSE(supervisor.serving()->status().crash_looping);
}

TEST_F(SupervisorTest, BacksOffFromAWorkerThatDiesYoungWhileTheOthersServe) {
    begin_and_serve(2);
    for (std::size_t dying : {1, 2, 3}) {
        die(dying);
        settle();
        world.processes.time += seconds(1);
        settle();
        ASSERT_EQ(started(), dying + 2);
    }
    EXPECT_TRUE(supervisor.serving()->status().crash_looping);
    die(4);
    settle();
    EXPECT_EQ(started(), 5U);
    EXPECT_EQ(supervisor.next_deadline(), world.processes.time + seconds(2));
    EXPECT_FALSE(was_killed(0));
}

TEST_F(SupervisorTest, GivesUpTheFirstGenerationWhenItsApplicationCannotBeLoaded) {
    begin(2);
    say(world.processes.started[0].channel, ipc::MessageType::Failed, "ImportError: test");
    leave(0, ExitCode::ApplicationFailed);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    EXPECT_EQ(outcome->failure, "the workers cannot start: ImportError: test");
    EXPECT_TRUE(was_killed(1));
    EXPECT_EQ(started(), 2U);
    EXPECT_FALSE(supervisor.empty());
    die(1);
    settle();
    EXPECT_TRUE(supervisor.empty());
}

TEST_F(SupervisorTest, GivesUpAGenerationWhoseWorkersCrashBeforeTheyAreReady) {
    begin(1);
    std::optional<Supervisor::Outcome> outcome;
    for (std::size_t dying : {0, 1}) {
        die(dying, SIGSEGV);
        outcome = settle();
        world.processes.time += seconds(1);
        settle();
        ASSERT_FALSE(outcome);
    }
    die(2, SIGSEGV);
    outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    EXPECT_NE(outcome->failure.find("SIGSEGV"), std::string::npos);
    EXPECT_EQ(started(), 3U);
}

TEST_F(SupervisorTest, GivesUpAGenerationNoneOfWhoseProcessesCanBeStarted) {
    world.processes.can_spawn = false;
    begin(1);
    std::optional<Supervisor::Outcome> outcome;
    for (int attempt = 0; attempt < 3 && !outcome; ++attempt) {
        outcome = settle();
        world.processes.time += seconds(1);
    }
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
}

TEST_F(SupervisorTest, KeepsTryingToReplaceAWorkerOfAGenerationThatServes) {
    begin_and_serve(1);
    world.processes.can_spawn = false;
    die(0);
    for (int attempt = 0; attempt < 10; ++attempt) {
        ASSERT_FALSE(settle());
        world.processes.time += seconds(1);
    }
    world.processes.can_spawn = true;
    settle();
    EXPECT_EQ(started(), 2U);
}

TEST_F(SupervisorTest, RestsAfterAnAttemptThatTookItsTime) {
    begin_and_serve(1);
    world.processes.can_spawn = false;
    world.processes.spawn_takes = seconds(3);
    die(0);
    settle();
    const TimePoint tried = world.processes.time;
    settle();
    EXPECT_EQ(world.processes.time, tried);
    EXPECT_GE(supervisor.next_deadline(), tried + std::chrono::milliseconds(500));
}

TEST_F(SupervisorTest, DrainsTheOldGenerationOnlyWhenTheNewOneServes) {
    begin_and_serve(1);
    begin(1);
    settle();
    EXPECT_NE(heard_by(0).type, ipc::MessageType::Drain);
    get_ready(1);
    ASSERT_TRUE(settle()->serves);
    const ipc::Message told = heard_by(0);
    EXPECT_EQ(told.type, ipc::MessageType::Drain);
    EXPECT_EQ(told.value, static_cast<std::uint32_t>(ipc::DrainReason::Replace));
    EXPECT_EQ(supervisor.serving()->number(), 2U);
    leave(0);
    settle();
    EXPECT_EQ(supervisor.status().size(), 1U);
    EXPECT_EQ(started(), 2U) << "a worker of the old generation was replaced";
}

TEST_F(SupervisorTest, GoesOnWithTheOldGenerationWhenTheNewOneFails) {
    begin_and_serve(1);
    begin(1);
    say(world.processes.started[1].channel, ipc::MessageType::Failed, "SyntaxError");
    leave(1, ExitCode::ApplicationFailed);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    EXPECT_EQ(supervisor.serving()->number(), 1U);
    EXPECT_EQ(supervisor.serving()->state(), State::Serving);
    EXPECT_FALSE(was_killed(0));
    die(0);
    settle();
    EXPECT_EQ(started(), 3U) << "the old generation does not replace its workers any more";
}

TEST_F(SupervisorTest, CutsTheOldestOfFourThatDrain) {
    begin_and_serve(1);
    for (int times = 0; times < 3; ++times) {
        begin_and_serve(1);
    }
    EXPECT_TRUE(world.processes.killed.empty());
    begin_and_serve(1);
    EXPECT_TRUE(was_killed(0));
    EXPECT_EQ(world.processes.killed.size(), 1U);
}

TEST_F(SupervisorTest, StopsByDrainingAndKillsWhoTakesTooLong) {
    begin_and_serve(2);
    supervisor.stop();
    settle();
    EXPECT_EQ(heard_by(0).value, static_cast<std::uint32_t>(ipc::DrainReason::Stop));
    leave(0);
    settle();
    EXPECT_EQ(started(), 2U);
    EXPECT_FALSE(supervisor.empty());
    world.processes.time += seconds(67);
    settle();
    EXPECT_FALSE(was_killed(1));
    world.processes.time += seconds(1);
    settle();
    EXPECT_TRUE(was_killed(1));
    die(1);
    settle();
    EXPECT_TRUE(supervisor.empty());
    EXPECT_EQ(supervisor.next_deadline(), TimePoint::max());
}

TEST_F(SupervisorTest, KillsEveryoneAtOnceWhenToldTo) {
    begin_and_serve(1);
    begin_and_serve(1);
    begin(1);
    supervisor.kill();
    EXPECT_EQ(world.processes.killed.size(), 3U);
}

TEST_F(SupervisorTest, ChangesTheNumberOfWorkers) {
    begin_and_serve(2);
    supervisor.serving()->strength().resize(3);
    settle();
    ASSERT_EQ(started(), 3U);
    EXPECT_EQ(heard_by(2).worker, 3U);
    say(world.processes.started[2].channel, ipc::MessageType::Ready);
    settle();
    supervisor.serving()->strength().resize(1);
    settle();
    EXPECT_EQ(heard_by(1).type, ipc::MessageType::Drain);
    EXPECT_EQ(heard_by(2).type, ipc::MessageType::Drain);
    leave(1);
    leave(2);
    settle();
    EXPECT_EQ(started(), 3U);
    EXPECT_EQ(supervisor.serving()->status().workers.size(), 1U);
}

TEST_F(SupervisorTest, HandsAMessageToEveryone) {
    begin_and_serve(2);
    ipc::Message message;
    message.type = ipc::MessageType::Reopen;
    message.fds.push_back(duplicate(world.region.fd()));
    supervisor.broadcast(message);
    EXPECT_EQ(heard_by(0).fds.size(), 1U);
    EXPECT_EQ(heard_by(1).fds.size(), 1U);
}

TEST(GenerationStates, AreLeftOnlyTheWayTheDrawingShows) {
    const State all[] = {State::Loading,  State::Booting, State::Serving,
                         State::Draining, State::Done,    State::Failed};
    const std::set<std::pair<State, State>> allowed = {
        {State::Loading, State::Booting},  {State::Booting, State::Serving},
        {State::Loading, State::Draining}, {State::Booting, State::Draining},
        {State::Serving, State::Draining}, {State::Draining, State::Done},
        {State::Loading, State::Failed},   {State::Booting, State::Failed}};
    for (const State from : all) {
        for (const State to : all) {
            EXPECT_EQ(can_follow(from, to), allowed.count({from, to}) != 0)
                << name(from) << " -> " << name(to);
        }
    }
}

TEST_F(SupervisorTest, TheOneOnItsWayIsGivenUpWhenItIsSlow) {
    begin_and_serve(1);
    begin(2);
    EXPECT_FALSE(supervisor.is_slow());
    get_ready(1);
    settle();
    world.processes.time += std::chrono::seconds(10);
    settle();
    EXPECT_TRUE(supervisor.is_slow()) << "one of its workers is not ready";
    supervisor.give_up("another took its place");
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    EXPECT_EQ(outcome->failure, "another took its place");
    EXPECT_TRUE(was_killed(1) && was_killed(2));
    EXPECT_FALSE(supervisor.is_busy());
    supervisor.give_up("nobody");
    EXPECT_FALSE(settle());
}

TEST_F(SupervisorTest, AWorkerThatDoesNotGetReadyInTimeFailsTheReload) {
    begin_and_serve(1);
    begin(2);
    world.processes.time += std::chrono::minutes(5);
    const auto outcome = settle();  // before they are gone, which may never happen
    EXPECT_TRUE(was_killed(1) && was_killed(2));
    ASSERT_TRUE(outcome);
    EXPECT_NE(outcome->failure.find("limits.load-time) and was killed"), std::string::npos)
        << outcome->failure;
    EXPECT_FALSE(was_killed(0));
}

TEST_F(SupervisorTest, AServingOneIsNeverSlow) {
    begin_and_serve(1);
    die(0);
    settle();
    ASSERT_EQ(started(), 2U);
    world.processes.time += std::chrono::seconds(60);
    settle();
    EXPECT_FALSE(supervisor.is_slow());
}

}  // namespace
}  // namespace geventd::master
