// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "master/schedule/timers.h"

namespace geventd::master {
namespace {

using std::chrono::milliseconds;
using Ids = std::vector<std::uint64_t>;
using Kind = TimerPlan::Kind;

constexpr TimePoint kStart{std::chrono::hours(100)};

TEST(Timers, GridTimerKeepsItsPaceAndMissedPeriodsAreOneTick) {
    Timers timers;
    timers.add(1, {milliseconds(100), Kind::Grid, 0}, kStart);
    EXPECT_EQ(timers.due(kStart + milliseconds(99)), Ids{});
    EXPECT_EQ(timers.due(kStart + milliseconds(130)), Ids{1});
    EXPECT_EQ(timers.next(), kStart + milliseconds(200));
    EXPECT_EQ(timers.due(kStart + milliseconds(1010)), Ids{1});
    EXPECT_EQ(timers.next(), kStart + milliseconds(1100));
    EXPECT_EQ(timers.due(kStart + milliseconds(1100)), Ids{1});
    EXPECT_EQ(timers.next(), kStart + milliseconds(1200));
}

TEST(Timers, ChainTimerStartsItsPeriodWhenItIsSeenAndEndsAfterItsIterations) {
    Timers timers;
    timers.add(1, {milliseconds(100), Kind::Chain, 2}, kStart);
    EXPECT_EQ(timers.due(kStart + milliseconds(130)), Ids{1});
    EXPECT_EQ(timers.next(), kStart + milliseconds(230));
    EXPECT_EQ(timers.due(kStart + milliseconds(230)), Ids{1});
    EXPECT_FALSE(timers.next());
    EXPECT_EQ(timers.due(kStart + milliseconds(9999)), Ids{});
}

TEST(Timers, AreDueInTheOrderOfTheirTimes) {
    Timers timers;
    timers.add(1, {milliseconds(30), Kind::Grid, 0}, kStart);
    timers.add(2, {milliseconds(10), Kind::Chain, 1}, kStart);
    timers.add(3, {milliseconds(20), Kind::Chain, 0}, kStart);
    timers.remove(4);
    EXPECT_EQ(timers.due(kStart + milliseconds(30)), (Ids{2, 3, 1}));
    timers.remove(3);
    EXPECT_EQ(timers.next(), kStart + milliseconds(60));
}

TEST(Timers, RefuseAPeriodOfNothing) {
    Timers timers;
    EXPECT_THROW(timers.add(1, {milliseconds(0), Kind::Grid, 0}, kStart), std::invalid_argument);
}

}  // namespace
}  // namespace geventd::master
