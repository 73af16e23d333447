// SPDX-License-Identifier: MIT
#include "event/timer.h"

#include <chrono>

#include <gtest/gtest.h>

namespace geventd::event {
namespace {

using std::chrono::milliseconds;

class TimerTest : public testing::Test {
  protected:
    TimerTest() { timer.bind<TimerTest, &TimerTest::on_timer>(this); }

    void on_timer() noexcept {
        ++calls;
        if (again > Duration::zero()) {
            timer.start(again);
        }
    }

    Loop loop;
    DeadlineClock clock{loop};
    Timer timer{clock};
    int calls = 0;
    Duration again{};
};

TEST_F(TimerTest, CallsOnceWhenItsTimeHasCome) {
    const TimePoint begin = loop.refresh_now();
    timer.start(milliseconds(100));
    clock.fall_due(begin + milliseconds(99));
    EXPECT_EQ(calls, 0);
    EXPECT_TRUE(timer.pending());
    clock.fall_due(begin + milliseconds(100));
    clock.fall_due(begin + milliseconds(300));
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(timer.pending());
}

TEST_F(TimerTest, HoldsTheTimeItWasStartedForLast) {
    const TimePoint begin = loop.refresh_now();
    timer.start(milliseconds(100));
    timer.start(milliseconds(500));
    clock.fall_due(begin + milliseconds(400));
    EXPECT_EQ(calls, 0);
    timer.start(milliseconds(200));
    clock.fall_due(begin + milliseconds(400));
    EXPECT_EQ(calls, 1);
}

TEST_F(TimerTest, CanBeStartedByItsOwnCallback) {
    const TimePoint begin = loop.refresh_now();
    again = milliseconds(200);  // the loop has not seen the time go by
    timer.start(milliseconds(100));
    clock.fall_due(begin + milliseconds(100));
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(timer.pending());
}

TEST_F(TimerTest, NeverCallsWhenCancelledOrStartedForNever) {
    const TimePoint begin = loop.refresh_now();
    timer.start(milliseconds(100));
    timer.cancel();
    timer.start(Duration::zero());
    clock.fall_due(begin + milliseconds(1000));
    EXPECT_EQ(calls, 0);
    EXPECT_FALSE(timer.pending());
}

}  // namespace
}  // namespace geventd::event
