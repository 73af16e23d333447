// SPDX-License-Identifier: MIT
#include "worker/requests/pace.h"

#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

using std::chrono::seconds;

const TimePoint kStart = TimePoint() + seconds(1000);

constexpr Duration kAnyPause = Duration::max();

// Until when it would be waited for from kStart on, in a pause of any length.
Duration left(Pace& pace) {
    const TimePoint due = pace.begin(kStart, kAnyPause, 240);
    pace.end(kStart);
    return due - kStart;
}

TEST(Pace, HasFiveSecondsToBegin) {
    Pace pace;
    EXPECT_EQ(left(pace), seconds(5));
    pace.begin(kStart, kAnyPause, 240);
    pace.end(kStart + seconds(3));
    EXPECT_EQ(left(pace), seconds(2));
}

TEST(Pace, EarnsTimeByBytes) {
    Pace pace;
    pace.count(2400);
    pace.begin(kStart, kAnyPause, 240);
    pace.end(kStart + seconds(9));
    EXPECT_EQ(left(pace), seconds(1));
}

TEST(Pace, CountsNoTimeInWhichNobodyWaits) {
    Pace pace;
    pace.begin(kStart, kAnyPause, 240);
    pace.begin(kStart + seconds(1), kAnyPause, 240);  // it waits already
    pace.end(kStart + seconds(2));
    pace.end(kStart + seconds(4));
    EXPECT_EQ(left(pace), seconds(3));
}

TEST(Pace, CountsNoTimeInWhichTheHubWasBlocked) {
    Pace pace;
    pace.begin(kStart, kAnyPause, 240);
    pace.end(kStart + seconds(20));  // not looked at when it was due
    EXPECT_EQ(left(pace), seconds(5));
}

TEST(Pace, HasALimitForAPause) {
    Pace pace;
    EXPECT_EQ(pace.begin(kStart, seconds(2), 240), kStart + seconds(2));
}

TEST(Pace, HasNoLimitWithoutARate) {
    Pace pace;
    EXPECT_EQ(pace.begin(kStart, kAnyPause, 0), TimePoint::max());
}

}  // namespace
}  // namespace geventd::worker
