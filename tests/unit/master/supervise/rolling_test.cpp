// SPDX-License-Identifier: MIT
// A rolling reload: one worker after the other, and back if it fails on the way.
#include <gtest/gtest.h>

#include "unit/master/supervise/supervisor_fixture.h"

namespace geventd::master {
namespace {

class RollingTest : public SupervisorTest {
  protected:
    RollingTest() { rolling = true; }

    std::size_t ready_workers() {
        std::size_t ready = 0;
        for (const GenerationStatus& generation : supervisor.status()) {
            for (const WorkerStatus& worker : generation.workers) {
                ready += worker.state == "ready" ? 1 : 0;
            }
        }
        return ready;
    }
};

TEST_F(RollingTest, StartsOneWorkerAndThenDrainsOne) {
    begin_and_serve(3);
    begin(3);
    ASSERT_EQ(started(), 4U);
    EXPECT_TRUE(supervisor.is_rolling());
    for (std::size_t at : {3, 4}) {
        EXPECT_EQ(ready_workers(), 3U);
        get_ready(at);
        EXPECT_FALSE(settle());
        EXPECT_EQ(ready_workers(), 3U);
        ASSERT_EQ(started(), at + 2);
    }
    EXPECT_EQ(heard_by(2).type, ipc::MessageType::Drain);
    get_ready(5);
    const auto outcome = settle();
    ASSERT_TRUE(outcome && outcome->serves);
    EXPECT_EQ(ready_workers(), 3U);
    EXPECT_FALSE(supervisor.is_rolling());
}

TEST_F(RollingTest, NewWorkersAcceptWithTheOldOnes) {
    begin_and_serve(2);
    begin(2);
    EXPECT_EQ(hear(world.processes.started[2].channel).type, ipc::MessageType::Boot);
    EXPECT_EQ(hear(world.processes.started[2].channel).type, ipc::MessageType::Hello);
}

TEST_F(RollingTest, GoesBackWhenItFailsOnTheWay) {
    begin_and_serve(2);
    begin(2);
    get_ready(2);
    settle();
    ASSERT_EQ(started(), 4U);
    say(world.processes.started[3].channel, ipc::MessageType::Failed, "ImportError: test");
    leave(3, ExitCode::ApplicationFailed);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    ASSERT_EQ(started(), 5U) << "the old one has a worker fewer than it needs";
    EXPECT_EQ(ready_workers(), 2U) << "the new one that serves goes on";
    EXPECT_EQ(supervisor.serving()->number(), 1U);
    get_ready(4);
    settle();
    settle();
    EXPECT_EQ(ready_workers(), 2U);
    EXPECT_EQ(heard_by(2).type, ipc::MessageType::Drain);
    EXPECT_FALSE(was_killed(2));
    leave(2);
    settle();
    EXPECT_EQ(supervisor.status().size(), 1U);
}

TEST_F(RollingTest, TakesAsManyWorkersAsAreWantedNow) {
    begin_and_serve(1);
    begin(3);
    for (std::size_t at : {1, 2}) {
        get_ready(at);
        EXPECT_FALSE(settle());
        EXPECT_EQ(supervisor.serving()->workers().size(), 1)
            << "the last one stays until it is replaced";
    }
    get_ready(3);
    ASSERT_TRUE(settle()->serves);
    EXPECT_EQ(ready_workers(), 3U);
    begin(1);
    get_ready(4);
    ASSERT_TRUE(settle()->serves);
    EXPECT_EQ(ready_workers(), 1U);
}

}  // namespace
}  // namespace geventd::master
