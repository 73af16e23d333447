// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "master/schedule/scheduler.h"

namespace geventd::master {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Numbers = std::set<std::uint8_t>;

/// Both clocks, moved by hand.
class Schedule : public ::testing::Test {
  protected:
    void pass(milliseconds time) {
        now_.steady += time;
        passed_ += time;
        now_.wall = kMonday + std::chrono::duration_cast<seconds>(passed_).count();
    }

    Result<void> add(std::uint32_t generation, std::uint8_t number, const SchedulePlan& plan) {
        return scheduler_.add(generation, number, plan, now_);
    }

    static constexpr std::time_t kMonday = 1'767'600'000;  // 2026-01-05 08:00 UTC
    ScheduleTime now_{TimePoint(std::chrono::hours(1)), kMonday};
    milliseconds passed_{0};
    Scheduler scheduler_;
    const TimerPlan ten_{seconds(10), TimerPlan::Kind::Grid, 0};
};

TEST_F(Schedule, SameTimerOfFourWorkersAndTheirSuccessorsFiresOncePerPeriod) {
    for (int worker = 0; worker < 4; ++worker) {
        ASSERT_TRUE(add(1, 17, ten_));
        pass(seconds(1));
    }
    EXPECT_EQ(scheduler_.active(), 1U);
    EXPECT_EQ(scheduler_.next_wait(now_), seconds(6));
    pass(seconds(6));
    EXPECT_EQ(scheduler_.due(now_), Numbers{17});
    EXPECT_EQ(scheduler_.due(now_), Numbers{});
    ASSERT_TRUE(add(1, 17, ten_));
    pass(seconds(9));
    EXPECT_EQ(scheduler_.due(now_), Numbers{});
    pass(seconds(1));
    EXPECT_EQ(scheduler_.due(now_), Numbers{17});
}

TEST_F(Schedule, TimersCanBeginAnewAndNothingElseDoes) {
    ASSERT_TRUE(add(1, 17, ten_));
    ASSERT_TRUE(add(1, 18, TimerPlan{seconds(10), TimerPlan::Kind::Grid, 1}));
    ASSERT_TRUE(add(1, 19, CronEntry::parse("* * * * *").value()));
    pass(seconds(65));
    scheduler_.restart_timers(now_);
    EXPECT_EQ(scheduler_.due(now_), Numbers{19});
    pass(seconds(10));
    EXPECT_EQ(scheduler_.due(now_), (Numbers{17, 18}));
    pass(seconds(10));
    EXPECT_EQ(scheduler_.due(now_), Numbers{17});
}

TEST_F(Schedule, DifferentPeriodsOrNumbersAreDifferentTimers) {
    ASSERT_TRUE(add(1, 17, ten_));
    ASSERT_TRUE(add(1, 18, ten_));
    ASSERT_TRUE(add(1, 17, TimerPlan{milliseconds(2500), TimerPlan::Kind::Grid, 0}));
    EXPECT_EQ(scheduler_.active(), 3U);
    EXPECT_EQ(scheduler_.next_wait(now_), milliseconds(2500));
    pass(seconds(10));
    EXPECT_EQ(scheduler_.due(now_), (Numbers{17, 18}));
}

TEST_F(Schedule, NextGenerationTakesOverWithoutLosingThePhaseAndTheRestEnds) {
    ASSERT_TRUE(add(1, 17, ten_));
    ASSERT_TRUE(add(1, 18, ten_));
    pass(seconds(4));
    ASSERT_TRUE(add(2, 17, ten_));
    ASSERT_TRUE(add(2, 19, ten_));
    EXPECT_EQ(scheduler_.active(), 2U) << "it does not serve yet";
    EXPECT_TRUE(scheduler_.serve(2, now_).empty());
    ASSERT_TRUE(add(1, 18, ten_));  // by a worker that drains
    EXPECT_EQ(scheduler_.active(), 2U);
    pass(seconds(6));
    EXPECT_EQ(scheduler_.due(now_), Numbers{17});
    pass(seconds(4));
    EXPECT_EQ(scheduler_.due(now_), Numbers{19});
}

TEST_F(Schedule, FailedGenerationLeavesNothingBehind) {
    ASSERT_TRUE(add(1, 17, ten_));
    ASSERT_TRUE(add(2, 17, ten_));
    ASSERT_TRUE(add(2, 18, ten_));
    scheduler_.forget(2);
    EXPECT_TRUE(scheduler_.serve(3, now_).empty());
    EXPECT_EQ(scheduler_.active(), 0U);
    EXPECT_FALSE(scheduler_.next_wait(now_));
}

TEST_F(Schedule, FinishedIterationsStartAgainWithANewGenerationOnly) {
    const TimerPlan twice{seconds(1), TimerPlan::Kind::Chain, 2};
    ASSERT_TRUE(add(1, 17, twice));
    for (int tick = 0; tick < 2; ++tick) {
        pass(seconds(1));
        EXPECT_EQ(scheduler_.due(now_), Numbers{17});
    }
    ASSERT_TRUE(add(1, 17, twice));
    EXPECT_FALSE(scheduler_.next_wait(now_));
    ASSERT_TRUE(add(2, 17, twice));
    scheduler_.serve(2, now_);
    EXPECT_EQ(scheduler_.next_wait(now_), seconds(1));
}

TEST_F(Schedule, CronIsWatchedOftenEnoughToNoticeAJumpOfTheClock) {
    ASSERT_TRUE(add(1, 30, *CronEntry::parse("*/30 * * * *")));
    EXPECT_EQ(scheduler_.next_wait(now_), seconds(30));
    pass(std::chrono::minutes(30) - seconds(5));
    EXPECT_EQ(scheduler_.due(now_), Numbers{});
    EXPECT_EQ(scheduler_.next_wait(now_), seconds(5));
    pass(seconds(5));
    EXPECT_EQ(scheduler_.due(now_), Numbers{30});
}

TEST_F(Schedule, PlansThatCannotBeKeptAreRefused) {
    EXPECT_FALSE(add(1, 17, TimerPlan{}));
    EXPECT_FALSE(add(1, 17, *CronEntry::parse("0 0 30 2 *")));
    EXPECT_FALSE(add(1, 17, MonitorPlan{}));
    EXPECT_EQ(scheduler_.active(), 0U);
}

TEST_F(Schedule, MonitorsTickTheirNumbersOnce) {
    char name[] = "/tmp/geventd-schedule-XXXXXX";
    const std::filesystem::path top = ::mkdtemp(name);
    EXPECT_EQ(scheduler_.monitor_fd(), -1);
    ASSERT_TRUE(add(1, 40, MonitorPlan{top}));
    ASSERT_TRUE(add(1, 40, MonitorPlan{top}));
    ASSERT_TRUE(add(1, 41, MonitorPlan{top / "file"}));
    EXPECT_GE(scheduler_.monitor_fd(), 0);
    std::ofstream(top / "file") << "x";
    EXPECT_EQ(scheduler_.changed(), (Numbers{40, 41}));
    scheduler_.serve(2, now_);
    std::ofstream(top / "file") << "y";
    EXPECT_EQ(scheduler_.changed(), Numbers{});
    std::filesystem::remove_all(top);
}

TEST_F(Schedule, AnApplicationHasNoMoreEntriesThanItMay) {
    constexpr int kMost = Scheduler::kMostOfApplication;
    const Identity application;
    const auto ask = [&](std::uint32_t generation, std::uint8_t number, int period) {
        const TimerPlan plan{seconds(period), TimerPlan::Kind::Grid, 0};
        return scheduler_.add(generation, number, plan, now_, &application).has_value();
    };
    for (int i = 1; i <= kMost; ++i) {
        ASSERT_TRUE(ask(1, 17, i));
    }
    EXPECT_FALSE(ask(1, 18, 10));
    EXPECT_TRUE(ask(1, 17, 10));    // exists already
    EXPECT_TRUE(add(1, 19, ten_));  // entries of the configuration do not count
    EXPECT_TRUE(ask(2, 18, 10));
    EXPECT_EQ(scheduler_.active(), static_cast<std::size_t>(kMost) + 1);
}

}  // namespace
}  // namespace geventd::master
