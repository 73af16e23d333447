// SPDX-License-Identifier: MIT
#include "event/timer.h"

#include <chrono>

#include <gtest/gtest.h>

namespace geventd::event {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class TimerTest : public ::testing::Test {
  protected:
    TimerTest() : clock(loop), timer(clock) { timer.bind<&TimerTest::on_time>(this); }

    void on_time() noexcept {
        ++calls;
        if (again) {
            timer.start(delay);
        }
        if (stops) {
            loop.stop();
        }
    }

    int calls_after(Duration time) {
        calls = 0;
        clock.fall_due(clock.now() + time);
        return calls;
    }

    Loop loop;
    DeadlineClock clock;
    Timer timer;
    int calls = 0;
    bool again = false;
    Duration delay = seconds(2);
    bool stops = false;
};

}  // namespace

TEST_F(TimerTest, CallsOnce) {
    EXPECT_FALSE(timer.pending());
    timer.start(seconds(2));
    EXPECT_TRUE(timer.pending());
    EXPECT_EQ(calls_after(seconds(2) - milliseconds(1)), 0);
    EXPECT_EQ(calls_after(seconds(2)), 1);
    EXPECT_FALSE(timer.pending());
    EXPECT_EQ(calls_after(hours(1)), 0);
}

TEST_F(TimerTest, ALaterStartReplacesTheFormer) {
    timer.start(seconds(1));
    timer.start(seconds(3));
    EXPECT_EQ(calls_after(seconds(2)), 0);
    EXPECT_EQ(calls_after(seconds(3)), 1);
}

TEST_F(TimerTest, StartUnlessPendingLeavesTheFormer) {
    timer.start_unless_pending(seconds(1));
    timer.start_unless_pending(seconds(3));
    EXPECT_EQ(calls_after(seconds(1)), 1);
}

TEST_F(TimerTest, CallsNothingOnceCancelled) {
    timer.start(seconds(1));
    timer.cancel();
    EXPECT_FALSE(timer.pending());
    EXPECT_EQ(calls_after(hours(1)), 0);
}

TEST_F(TimerTest, CanStartItselfAgainInItsCall) {
    again = true;
    timer.start(seconds(1));
    EXPECT_EQ(calls_after(seconds(1)), 1);
    EXPECT_TRUE(timer.pending());
}

// Else the loop would never come to the end of its turn.
TEST_F(TimerTest, IsCalledOnceATurnThoughItStartsItselfWithoutDelay) {
    again = true;
    delay = Duration::zero();
    timer.start(seconds(1));
    EXPECT_EQ(calls_after(seconds(1)), 1);
    EXPECT_EQ(calls_after(seconds(1)), 1);
}

TEST_F(TimerTest, ATimeThatIsOverIsServedByTheLoop) {
    stops = true;
    timer.start_at(clock.now() - seconds(1));
    loop.run();
    EXPECT_EQ(calls, 1);
}

TEST_F(TimerTest, IsNotToldOnceDestroyed) {
    struct Owner {
        void on_time() noexcept { ++calls; }

        int calls = 0;
    } owner;

    {
        Timer other(clock);
        other.bind<&Owner::on_time>(&owner);
        other.start(seconds(1));
    }
    calls_after(hours(1));
    EXPECT_EQ(owner.calls, 0);
}

}  // namespace geventd::event
