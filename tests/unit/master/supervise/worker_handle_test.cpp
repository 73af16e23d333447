// SPDX-License-Identifier: MIT
#include "master/supervise/worker_handle.h"

#include <unistd.h>

#include <csignal>
#include <optional>

#include <gtest/gtest.h>

#include "unit/master/supervise/fake_processes.h"

namespace geventd::master {
namespace {

using State = WorkerHandle::State;
using std::chrono::seconds;

constexpr pid_t kPid = 77;

class WorkerHandleTest : public testing::Test {
  protected:
    WorkerHandleTest() {
        auto [ours, theirs] = ipc::Channel::make_pair();
        channel.emplace(std::move(theirs));
        config::Limits limits;
        limits.load_time = seconds(60);
        worker.emplace(world.services, 1, *world.slots.take(1), std::move(ours),
                       WorkerHandle::Terms{Patience(limits), WorkerInsight::Room{4, 10}, 0});
        worker->set_pid(kPid);
    }

    void get_ready() {
        say(*channel, ipc::MessageType::Ready);
        world.loop.run_pending();
    }

    void pass(Duration time) {
        world.processes.time += time;
        worker->check_deadline(world.processes.time);
    }

    [[nodiscard]] bool was_killed() const { return world.processes.killed.count(kPid) != 0; }

    FakeWorld world;
    std::optional<ipc::Channel> channel;
    std::optional<WorkerHandle> worker;
};

TEST_F(WorkerHandleTest, IsReadyWhenItSaysSo) {
    EXPECT_EQ(worker->state(), State::Starting);
    get_ready();
    EXPECT_EQ(worker->state(), State::Ready);
    EXPECT_EQ(world.changes, 1);
    pass(std::chrono::hours(100));
    EXPECT_FALSE(was_killed());
}

TEST_F(WorkerHandleTest, IsToldLaterWhatItsChannelHasNoRoomFor) {
    constexpr std::uint32_t kMany = 2000;
    ipc::Message message;
    for (message.type = ipc::MessageType::Fork; message.slot < kMany; ++message.slot) {
        ASSERT_TRUE(worker->send(message));
    }
    for (const std::uint32_t on : {1U, 0U, 1U, 0U, 1U}) {
        ipc::Message pause;
        pause.type = ipc::MessageType::Pause;
        pause.value = on;
        ASSERT_TRUE(worker->send(pause));
    }
    ipc::Message got;
    for (std::uint32_t slot = 0; slot < kMany; ++slot) {
        world.loop.run_pending();
        ASSERT_EQ(channel->receive(got).value(), ipc::Channel::State::Message);
        ASSERT_EQ(got.type, ipc::MessageType::Fork);
        ASSERT_EQ(got.slot, slot);
    }
    world.loop.run_pending();
    ASSERT_EQ(channel->receive(got).value(), ipc::Channel::State::Message);
    EXPECT_EQ(got.type, ipc::MessageType::Pause);
    EXPECT_EQ(got.value, 1U);
    EXPECT_EQ(channel->receive(got).value(), ipc::Channel::State::Empty);
}

TEST_F(WorkerHandleTest, IsKilledWhenItDoesNotGetReadyInTime) {
    pass(seconds(59));
    EXPECT_FALSE(was_killed());
    pass(seconds(1));
    EXPECT_TRUE(was_killed());
    EXPECT_EQ(worker->state(), State::Stopping);
}

// For a worker that was asked of a template and has not been forked.
std::string failure_after_an_hour(FakeWorld& world, const config::Limits& limits) {
    auto [ours, theirs] = ipc::Channel::make_pair();
    WorkerHandle worker(world.services, 1, *world.slots.take(1), std::move(ours),
                        WorkerHandle::Terms{Patience(limits), WorkerInsight::Room{4, 10}, 0});
    world.processes.time += std::chrono::hours(1);
    worker.check_deadline(world.processes.time);
    return worker.failure();
}

TEST_F(WorkerHandleTest, IsNotToldOfALimitThatItDidNotReach) {
    config::Limits limits;
    const std::string failure = failure_after_an_hour(world, limits);
    EXPECT_NE(failure.find("(ten minutes after the template was asked)"), std::string::npos)
        << failure;
    EXPECT_EQ(failure.find("load-time"), std::string::npos) << failure;
    limits.fork_time = seconds(0);
    EXPECT_EQ(failure_after_an_hour(world, limits), "");
    limits = {};
    limits.load_time = seconds(0);
    EXPECT_EQ(failure_after_an_hour(world, limits), "");
}

TEST_F(WorkerHandleTest, IsToldToDrainAndGoesByItself) {
    get_ready();
    worker->drain(ipc::DrainReason::Replace, seconds(30));
    EXPECT_EQ(worker->state(), State::Draining);
    const ipc::Message told = hear(*channel);
    EXPECT_EQ(told.type, ipc::MessageType::Drain);
    EXPECT_EQ(told.value, static_cast<std::uint32_t>(ipc::DrainReason::Replace));
    worker->on_exit(exited(kPid, ExitCode::Ok));
    EXPECT_EQ(worker->state(), State::Gone);
    EXPECT_FALSE(was_killed());
}

TEST_F(WorkerHandleTest, IsKilledAtTheEndOfItsMercyTimeAndAgainWhileItIsThere) {
    get_ready();
    worker->drain(ipc::DrainReason::Replace, seconds(30));
    pass(seconds(29));
    EXPECT_FALSE(was_killed());
    pass(seconds(1));
    EXPECT_TRUE(was_killed());
    world.processes.killed.clear();
    pass(seconds(10));
    EXPECT_TRUE(was_killed());
    worker->on_exit(killed_by(kPid, SIGKILL));
    EXPECT_EQ(worker->end(), "killed by the master: it had not finished within its time");
}

TEST_F(WorkerHandleTest, WaitsForTheExitOfOneThatTakesNoWord) {
    get_ready();
    channel.reset();
    worker->drain(ipc::DrainReason::Stop, seconds(30));
    EXPECT_EQ(worker->state(), State::Draining);
    EXPECT_FALSE(was_killed());
    worker->on_exit(exited(kPid, ExitCode::Ok));
    EXPECT_EQ(worker->end(), "exited with code 0");
}

TEST_F(WorkerHandleTest, HearsThatNobodyReplacesItButGetsNoMoreTime) {
    get_ready();
    worker->drain(ipc::DrainReason::Replace, seconds(30));
    pass(seconds(20));
    worker->drain(ipc::DrainReason::Stop, seconds(30));
    hear(*channel);
    EXPECT_EQ(hear(*channel).value, static_cast<std::uint32_t>(ipc::DrainReason::Stop));
    pass(seconds(10));
    EXPECT_TRUE(was_killed());
}

TEST_F(WorkerHandleTest, IsKilledWhenItIsToDrainBeforeItServes) {
    worker->drain(ipc::DrainReason::Stop, seconds(30));
    EXPECT_TRUE(was_killed());
    EXPECT_EQ(worker->state(), State::Stopping);
}

TEST_F(WorkerHandleTest, KeepsWhatItSaidBeforeItDied) {
    say(*channel, ipc::MessageType::Failed, "Traceback: no");
    worker->on_exit(exited(kPid, ExitCode::ApplicationFailed));
    EXPECT_EQ(worker->failure(), "Traceback: no");
    EXPECT_TRUE(worker->cannot_work());
    EXPECT_FALSE(worker->was_ready());
}

TEST_F(WorkerHandleTest, StaysWhenItsChannelEndsUntilItIsReaped) {
    get_ready();
    channel.reset();
    world.loop.run_pending();
    EXPECT_EQ(worker->state(), State::Ready);
    world.changes = 0;
    world.loop.run_pending();
    EXPECT_EQ(world.changes, 0) << "the closed channel is still watched";
    worker->on_exit(killed_by(kPid, SIGKILL));
    EXPECT_EQ(worker->state(), State::Gone);
    EXPECT_FALSE(worker->cannot_work());
}

TEST_F(WorkerHandleTest, LearnsThePidOfAForkedProcessByHello) {
    worker->set_pid(0);
    say(*channel, ipc::MessageType::Hello);
    world.loop.run_pending();
    EXPECT_EQ(worker->pid(), ::getpid());
}

TEST_F(WorkerHandleTest, IsGoneWhenAForkedProcessEndsWithoutAName) {
    worker->set_pid(0);
    channel.reset();
    world.loop.run_pending();
    EXPECT_EQ(worker->state(), State::Gone);
}

TEST_F(WorkerHandleTest, LetsNobodySayHelloWhoWasGivenUp) {
    worker->set_pid(0);
    worker->kill("a test");
    EXPECT_EQ(worker->state(), State::Gone);
    ipc::Message hello;
    hello.type = ipc::MessageType::Hello;
    EXPECT_FALSE(channel->send(hello));
}

TEST_F(WorkerHandleTest, KillsByTheNameThatWaitsInTheChannel) {
    worker->set_pid(0);
    say(*channel, ipc::MessageType::Hello);
    worker->kill("a test");
    EXPECT_EQ(worker->state(), State::Stopping);
    EXPECT_TRUE(world.processes.killed.contains(::getpid()));
}

TEST_F(WorkerHandleTest, HasTheSignalsOfADeadOneDeliveredAgain) {
    world.signals.begin(1, {});
    const shm::SignalRegion region =
        shm::SignalRegion::map(duplicate(world.signals.memory_fd(1)), {16'384, 4 << 20, 1});
    const unsigned process = shm::process_of_slot(worker->slot());
    region.open_place(process);
    world.signals.hand_out(worker->slot(), 1, 1);
    const shm::SignalRegistry registry(region.signals());
    ASSERT_EQ(registry.add(process, 17, {}), shm::SignalRegistry::Outcome::Registered);
    shm::SignalClaimer claimer(region.signals(), process);
    claimer.accept(true);
    ASSERT_TRUE(world.signals.send(17, "x"));
    ASSERT_TRUE(claimer.claim());
    EXPECT_EQ(world.signals.waiting(), 0U);
    worker->on_exit(killed_by(kPid, SIGKILL));
    EXPECT_EQ(world.signals.waiting(), 1U);
    EXPECT_EQ(world.signals.status().front().figures.redelivered, 1U);
}

TEST_F(WorkerHandleTest, FreesItsSlotWhenItIsRemoved) {
    const std::uint32_t slot = worker->slot();
    EXPECT_NE(world.slots.take(1)->index(), slot);
    worker.reset();
    EXPECT_EQ(world.slots.take(1)->index(), slot);
}

TEST_F(WorkerHandleTest, WritesInItsSlotWhoItIs) {
    const auto lease = world.slots.take(3, 5, 2);
    const shm::WorkerSlot& slot = lease->counters();
    EXPECT_EQ(slot.generation.load(), 3U);
    EXPECT_EQ(slot.worker.load(), 5U);
    EXPECT_EQ(slot.respawns.load(), 2U);
    EXPECT_EQ(slot.accepting.load(), 1U);
    EXPECT_GT(slot.spawned.load(), 0);
    EXPECT_EQ(world.slots.board().used.load(), lease->index() + 1);
}

TEST_F(WorkerHandleTest, ShowsItsCounters) {
    auto* board = static_cast<shm::Scoreboard*>(world.region.data());
    board->slots[worker->slot()].requests = 42;
    world.processes.time += seconds(5);
    const WorkerStatus status = worker->status(world.processes.time);
    EXPECT_EQ(status.counters.requests, 42U);
    EXPECT_EQ(status.uptime, seconds(5));
    EXPECT_EQ(status.state, "starting");
    EXPECT_EQ(status.pid, kPid);
}

TEST(WorkerHandleStates, FollowEachOtherForwardOnly) {
    const State all[] = {State::Starting, State::Ready, State::Draining, State::Stopping,
                         State::Gone};
    for (const State from : all) {
        for (const State to : all) {
            EXPECT_EQ(can_follow(from, to), from < to);
        }
    }
}

}  // namespace
}  // namespace geventd::master
