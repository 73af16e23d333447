// SPDX-License-Identifier: MIT
#include "master/observe/history.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/region.h"

namespace geventd::master {
namespace {

using std::chrono::seconds;

class HistoryTest : public ::testing::Test {
  protected:
    HistoryTest() {
        generations_.resize(1);
        generations_[0].workers.resize(2);
        for (std::uint32_t index : {0U, 1U}) {
            WorkerStatus& worker = generations_[0].workers[index];
            worker.slot = index;
            worker.pid = ::getpid() - static_cast<pid_t>(index);  // the second: another process
            worker.state = "ready";
        }
    }

    void serve(std::uint32_t slot, int requests, std::uint64_t microseconds) {
        for (int count = 0; count < requests; ++count) {
            board_.slots[slot].requests += 1;
            board_.slots[slot].busy_time += microseconds;
            board_.slots[slot].durations.add(microseconds);
        }
    }

    void pass_second() {
        now_ += seconds(1);
        history_.add(generations_, now_, std::chrono::system_clock::now());
    }

    Status status() {
        Status status;
        status.generations = generations_;
        history_.complete(status);
        return status;
    }

    const shm::Region region_ = shm::Region::create("test", sizeof(shm::Scoreboard));
    shm::Scoreboard& board_ = shm::Scoreboard::format(region_.data(), region_.size());
    std::vector<GenerationStatus> generations_;
    TimePoint now_{seconds(1000)};
    History history_{board_};
};

TEST_F(HistoryTest, KnowsNothingAtFirst) {
    EXPECT_EQ(status().traffic.rate, 0);
    EXPECT_EQ(status().generations[0].workers[0].latency.p99, 0U);
    EXPECT_TRUE(history_.points().empty());
}

TEST_F(HistoryTest, RatesAreThoseOfTenSeconds) {
    serve(0, 30, 5);
    pass_second();
    EXPECT_EQ(status().traffic.rate, 30);
    pass_second();
    EXPECT_EQ(status().traffic.rate, 15);
    EXPECT_EQ(status().generations[0].workers[0].rate, 15);
    EXPECT_EQ(status().generations[0].workers[1].rate, 0);
    for (int count = 0; count < 9; ++count) {
        pass_second();
    }
    EXPECT_EQ(status().traffic.rate, 0);
    EXPECT_EQ(status().generations[0].workers[0].rate, 0);
}

TEST_F(HistoryTest, ErrorsHaveARateOfTheirOwn) {
    board_.slots[1].errors = 4;
    pass_second();
    pass_second();
    EXPECT_EQ(status().traffic.errors, 2);
    EXPECT_EQ(history_.points()[0].errors, 4U);
}

TEST_F(HistoryTest, LatenciesAreThoseOfAMinute) {
    serve(0, 99, 8);
    serve(1, 1, 1'000'000);
    pass_second();
    EXPECT_EQ(status().traffic.latency.p95, 8U);
    EXPECT_EQ(history_.points()[0].latency.p50, 8U);
    EXPECT_EQ(status().generations[0].workers[0].latency.p99, 8U);
    EXPECT_EQ(status().generations[0].workers[1].latency.p50, 1'048'575U);
    for (int count = 0; count < 59; ++count) {
        pass_second();
        EXPECT_EQ(status().traffic.latency.p95, 8U);
        EXPECT_EQ(history_.points().back().latency.p50, 0U);
    }
    pass_second();
    EXPECT_EQ(status().traffic.latency.p95, 0U);
    EXPECT_EQ(status().generations[0].workers[0].latency.p99, 0U);
}

TEST_F(HistoryTest, WhatEndedCountsForEver) {
    serve(0, 3, 100);
    pass_second();
    generations_[0].workers.clear();
    for (int count = 0; count < 100; ++count) {
        pass_second();
    }
    EXPECT_EQ(shm::total(status().traffic.ended.durations), 3U);
    EXPECT_EQ(status().traffic.ended.microseconds, 300U);
}

TEST_F(HistoryTest, AnotherProcessInTheSlotBeginsAtNothing) {
    serve(0, 50, 5);
    pass_second();
    board_.slots[0].reset();
    serve(0, 7, 5);
    generations_[0].workers[0].pid += 1000;
    pass_second();
    EXPECT_EQ(history_.points().back().requests, 7U);
    EXPECT_EQ(status().generations[0].workers[0].rate, 7);
}

TEST_F(HistoryTest, PointsTellHowThingsStand) {
    WorkerStatus& worker = generations_[0].workers[0];
    worker.counters.cores = 100;
    worker.counters.cores_busy = 7;
    worker.counters.queued = 2;
    worker.counters.connections = 9;
    worker.counters.hub_lag = 50;
    generations_[0].workers[1].counters.hub_blocked = seconds(2);
    generations_[0].workers[1].counters.cores = 100;
    generations_[0].workers[1].state = "draining";
    pass_second();
    const HistoryPoint& point = history_.points().back();
    EXPECT_EQ(point.ordinal, 1U);
    EXPECT_EQ(point.workers, 1U);
    EXPECT_EQ(point.cores, 100U);
    EXPECT_EQ(point.cores_busy, 7U);
    EXPECT_EQ(point.queued, 2U);
    EXPECT_EQ(point.connections, 9U);
    EXPECT_EQ(point.hub_lag, 2'000'000U);
    EXPECT_GT(point.rss, 0U);
}

TEST_F(HistoryTest, KeepsTheNewestPoints) {
    for (std::size_t count = 0; count < History::kPoints + 5; ++count) {
        pass_second();
    }
    EXPECT_EQ(history_.points().size(), History::kPoints);
    EXPECT_EQ(history_.points().front().ordinal, 6U);
}

}  // namespace
}  // namespace geventd::master
