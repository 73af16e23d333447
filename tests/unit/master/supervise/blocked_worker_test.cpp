// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "unit/master/supervise/captured_log.h"
#include "unit/master/supervise/seen_worker.h"

namespace geventd::master {
namespace {

using namespace std::chrono_literals;
using State = WorkerHandle::State;

class BlockedWorkerTest : public testing::Test {
  protected:
    BlockedWorkerTest() {
        worker.insight()->hub().set_limits({1s, 5s});
        seen.requests.put(2, {world.processes.time - 10s, "id-9", "GET", "/slow", {}});
        capture_log();
        for (int look = 0; look < 70; ++look) {
            pass(100ms);
        }
        EXPECT_TRUE(worker.insight()->hub().is_past_limit());
    }

    ~BlockedWorkerTest() override { log(); }

    void pass(Duration time) {
        world.processes.time += time;
        worker.insight()->look_at_hub(world.processes.time);
        worker.check_deadline(world.processes.time);
    }

    std::string log() {
        std::string text = logged.empty() ? captured_log() : logged;
        logged = text;
        return text;
    }

    [[nodiscard]] bool was_killed() const {
        return world.processes.killed.count(SeenWorker::kPid) != 0;
    }

    FakeWorld world;
    SeenWorker seen{world, 1};
    WorkerHandle& worker = *seen.handle;
    std::string logged;
};

TEST_F(BlockedWorkerTest, IsAskedWhereItsRequestsStandAndThenKilled) {
    worker.insight()->replace_blocked(world.processes.time, 60s);
    EXPECT_FALSE(was_killed());
    const ipc::Message question = seen.answer(memory_file("  GET /slow: in views.py\n"));
    EXPECT_EQ(question.value, static_cast<std::uint32_t>(ipc::Sight::ForLog));
    world.loop.run_pending();
    EXPECT_TRUE(was_killed());
    EXPECT_NE(log().find("requests in flight: 1\n\t  GET /slow from a unix socket, 1"),
              std::string::npos)
        << log();
    EXPECT_NE(log().find("where they stand:\n\t  GET /slow: in views.py"), std::string::npos);
}

TEST_F(BlockedWorkerTest, IsKilledWithinASecondWhenItDoesNotAnswer) {
    worker.insight()->replace_blocked(world.processes.time, 60s);
    pass(900ms);
    EXPECT_FALSE(was_killed());
    pass(100ms);
    EXPECT_TRUE(was_killed());
    EXPECT_NE(log().find("GET /slow"), std::string::npos);
    EXPECT_NE(log().find("C code keeps the GIL"), std::string::npos);
}

TEST_F(BlockedWorkerTest, DrainsInsteadWhenItsHubTurnsAgainMeanwhile) {
    worker.insight()->replace_blocked(world.processes.time, 60s);
    auto& slot = const_cast<shm::WorkerSlot&>(worker.counters());
    slot.hub_answered.store(slot.hub_asked.load());
    pass(500ms);
    seen.answer(memory_file("late"));
    world.loop.run_pending();
    EXPECT_FALSE(was_killed());
    EXPECT_EQ(worker.state(), State::Draining);
}

TEST_F(BlockedWorkerTest, ThatDrainsIsKilledWithoutASuccessor) {
    worker.drain(ipc::DrainReason::Replace, 1h);
    pass(500ms);
    seen.answer(memory_file("here"));
    world.loop.run_pending();
    EXPECT_TRUE(was_killed());
}

}  // namespace
}  // namespace geventd::master
