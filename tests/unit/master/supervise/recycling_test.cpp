// SPDX-License-Identifier: MIT
#include "master/supervise/recycling.h"

#include <gtest/gtest.h>

#include "unit/master/supervise/supervisor_fixture.h"

namespace geventd::master {
namespace {

using std::chrono::seconds;

TEST_F(SupervisorTest, RecyclesAWorkerThatServedEnoughOnceItsSuccessorIsReady) {
    begin_and_serve(2);
    say(world.processes.started[0].channel, ipc::MessageType::Recycle);
    settle();
    ASSERT_EQ(started(), 3U);
    EXPECT_EQ(heard_by(2).worker, 1U);
    EXPECT_EQ(heard_by(0).type, ipc::MessageType::Hello);  // no message: it goes on serving
    say(world.processes.started[2].channel, ipc::MessageType::Ready);
    settle();
    EXPECT_EQ(heard_by(0).type, ipc::MessageType::Drain);
    leave(0);
    settle();
    EXPECT_EQ(started(), 3U);
    EXPECT_EQ(supervisor.serving()->status().respawns, 0U);
    EXPECT_EQ(supervisor.serving()->status().workers.size(), 2U);
}

TEST_F(SupervisorTest, RecyclesOneWorkerAfterTheOther) {
    max_lifetime = seconds(100);
    begin_and_serve(2);
    world.processes.time += seconds(99);
    settle();
    EXPECT_EQ(started(), 2U);
    EXPECT_EQ(supervisor.next_deadline(), world.processes.time + seconds(1));
    world.processes.time += seconds(1);
    settle();
    ASSERT_EQ(started(), 3U);
    get_ready(2);
    settle();
    EXPECT_EQ(heard_by(0).type, ipc::MessageType::Drain);
    settle();
    ASSERT_EQ(started(), 4U);
    EXPECT_EQ(heard_by(3).worker, 2U);
}

TEST_F(SupervisorTest, RecyclesAWorkerThatHoldsTooMuchMemory) {
    reload_on_rss = 100 << 20;
    begin_and_serve(2);
    world.processes.resident[world.processes.started[1].pid] = 100 << 20;
    settle();
    EXPECT_EQ(started(), 2U);
    EXPECT_EQ(supervisor.next_deadline(), world.processes.time + Recycling::kLookEvery);
    world.processes.resident[world.processes.started[1].pid] += 1;
    settle();
    ASSERT_EQ(started(), 3U);
    EXPECT_EQ(heard_by(2).worker, 2U);
}

TEST_F(SupervisorTest, KeepsTheOldWorkerWhenItsSuccessorDies) {
    begin_and_serve(1);
    say(world.processes.started[0].channel, ipc::MessageType::Recycle);
    settle();
    ASSERT_EQ(started(), 2U);
    die(1);
    settle();
    EXPECT_EQ(heard_by(0).type, ipc::MessageType::Hello);
    world.processes.time += seconds(40);  // longer than any delay
    settle();
    ASSERT_EQ(started(), 3U);
    get_ready(2);
    settle();
    EXPECT_EQ(heard_by(0).type, ipc::MessageType::Drain);
}

TEST_F(SupervisorTest, PutsTheSuccessorInThePlaceOfAWorkerThatDiesMeanwhile) {
    begin_and_serve(1);
    say(world.processes.started[0].channel, ipc::MessageType::Recycle);
    settle();
    ASSERT_EQ(started(), 2U);
    die(0);
    settle();
    EXPECT_EQ(started(), 2U);
    get_ready(1);
    settle();
    EXPECT_EQ(supervisor.serving()->status().workers.at(0).state, "ready");
}

TEST_F(SupervisorTest, LetsASuccessorGoWithItsGeneration) {
    begin_and_serve(1);
    hear(world.processes.started[0].channel);
    say(world.processes.started[0].channel, ipc::MessageType::Recycle);
    settle();
    supervisor.stop();
    EXPECT_TRUE(was_killed(1));
    EXPECT_EQ(heard_by(0).type, ipc::MessageType::Drain);
    leave(0);
    die(1);
    settle();
    EXPECT_TRUE(supervisor.empty());
}

}  // namespace
}  // namespace geventd::master
