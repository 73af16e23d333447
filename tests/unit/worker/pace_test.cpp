// SPDX-License-Identifier: MIT
#include "worker/connection/pace.h"

#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

using std::chrono::seconds;

const TimePoint kStart = TimePoint() + seconds(1000);

TEST(Pace, HasFiveSecondsToBegin) {
    Pace pace;
    EXPECT_EQ(pace.patience(240), seconds(5));
    pace.begin(kStart);
    pace.end(kStart + seconds(3));
    EXPECT_EQ(pace.patience(240), seconds(2));
    pace.begin(kStart + seconds(10));
    pace.end(kStart + seconds(20));
    EXPECT_EQ(pace.patience(240), seconds(0));
}

TEST(Pace, EarnsTimeByBytes) {
    Pace pace;
    pace.count(2400);
    pace.begin(kStart);
    pace.end(kStart + seconds(9));
    EXPECT_EQ(pace.patience(240), seconds(1));
}

TEST(Pace, CountsNoTimeInWhichNobodyWaits) {
    Pace pace;
    pace.begin(kStart);
    pace.begin(kStart + seconds(1));  // it waits already
    pace.end(kStart + seconds(2));
    pace.end(kStart + seconds(100));
    EXPECT_EQ(pace.patience(240), seconds(3));
}

TEST(Pace, HasNoLimitWithoutARate) {
    Pace pace;
    pace.begin(kStart);
    pace.end(kStart + seconds(1000));
    EXPECT_EQ(pace.patience(0), Duration::max());
}

}  // namespace
}  // namespace geventd::worker
