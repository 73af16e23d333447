// SPDX-License-Identifier: MIT
#include "master/observe/full_watch.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/master/supervise/captured_log.h"

namespace geventd::master {
namespace {

class FullWatchTest : public ::testing::Test {
  protected:
    FullWatchTest() : generations_(2) {
        generations_[0].state = "draining";
        generations_[0].workers.push_back(worker("draining", 0));
        generations_[1].state = "serving";
        generations_[1].workers = {worker("ready", 0), worker("ready", 0), worker("starting", 0)};
    }

    static WorkerStatus worker(std::string_view state, std::uint32_t busy) {
        WorkerStatus status;
        status.state = state;
        status.counters.cores = 2;
        status.counters.cores_busy = busy;
        return status;
    }

    /// Returns what is logged when the two ready workers have so many busy cores at each look.
    std::string look(std::uint32_t first, std::uint32_t second, int times = 1) {
        generations_[1].workers[0].counters.cores_busy = first;
        generations_[1].workers[1].counters.cores_busy = second;
        capture_log();
        for (int i = 0; i < times; ++i) {
            watch_.look(generations_);
        }
        return captured_log();
    }

    std::vector<GenerationStatus> generations_;
    std::uint64_t waiting_ = 7;
    FullWatch watch_{[this] { return waiting_; }};
};

TEST_F(FullWatchTest, WarnsOnceWithTheNumberThatWaits) {
    generations_[1].workers[0].counters.queued = 1;
    EXPECT_EQ(look(2, 2), "") << "that may have been a moment only";
    const std::string said = look(2, 2, 5);
    EXPECT_NE(said.find("all 4 cores of all workers have been busy"), std::string::npos) << said;
    EXPECT_NE(said.find("8 connections wait"), std::string::npos) << said;
    EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
}

TEST_F(FullWatchTest, AFreeCoreOfAnyWorkerIsEnough) {
    EXPECT_EQ(look(2, 1, 5), "");
    EXPECT_EQ(look(2, 2), "");
    EXPECT_EQ(look(0, 2), "");
    EXPECT_EQ(look(2, 2), "");
}

TEST_F(FullWatchTest, ShortRequestsForWhichNobodyWaitsAreNoFullServer) {
    waiting_ = 0;
    for (int i = 0; i < 5; ++i) {
        generations_[1].workers[0].counters.requests += 100;
        EXPECT_EQ(look(2, 2), "");
    }
    EXPECT_NE(look(2, 2), "") << "nothing has ended since the last look";
}

TEST_F(FullWatchTest, WarnsAgainAfterItWasOverForAWhile) {
    EXPECT_NE(look(2, 2, 2), "");
    EXPECT_EQ(look(0, 0, 9), "");
    EXPECT_EQ(look(2, 2, 5), "");
    EXPECT_EQ(look(0, 0, 10), "");
    EXPECT_NE(look(2, 2, 2), "");
}

TEST_F(FullWatchTest, AServerWithoutWorkersIsNotFull) {
    generations_[1].workers.clear();
    capture_log();
    watch_.look(generations_);
    watch_.look(generations_);
    EXPECT_EQ(captured_log(), "");
}

}  // namespace
}  // namespace geventd::master
