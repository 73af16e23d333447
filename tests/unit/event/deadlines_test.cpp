// SPDX-License-Identifier: MIT
#include "event/deadlines.h"

#include <poll.h>

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace geventd::event {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Named : Deadline {
    explicit Named(std::string text) : name(std::move(text)) {}

    void on_due() noexcept { own += name; }

    std::string name;
    std::string own;
};

class DeadlinesTest : public ::testing::Test {
  protected:
    DeadlinesTest() : clock(loop), list(clock, seconds(10)) {
        list.bind<&DeadlinesTest::on_due>(this);
    }

    void on_due(Named& item) noexcept {
        told += item.name;
        if (restarts == item.name) {
            list.start(item);
        }
        if (other != nullptr) {
            other->cancel();
        }
    }

    /// What is called by the time that `time` has passed since the loop's now.
    std::string after(Duration time) {
        told.clear();
        clock.fall_due(clock.now() + time);
        return told;
    }

    Loop loop;
    DeadlineClock clock;
    DeadlineList list;
    std::string told;
    std::string restarts;
    Deadline* other = nullptr;
    Named a{"a"}, b{"b"}, c{"c"};
};

}  // namespace

TEST_F(DeadlinesTest, FallDueAfterTheDelay) {
    list.start(a);
    EXPECT_TRUE(a.pending());
    EXPECT_EQ(after(seconds(10) - milliseconds(1)), "");
    EXPECT_EQ(after(seconds(10)), "a");
    EXPECT_FALSE(a.pending());
    EXPECT_EQ(after(hours(1)), "");
}

TEST_F(DeadlinesTest, FallDueInTheOrderOfTheirTimes) {
    list.start_at(b, clock.now() + seconds(2));
    list.start_at(c, clock.now() + seconds(3));
    list.start_at(a, clock.now() + seconds(1));
    EXPECT_EQ(list.first(), &a);
    EXPECT_EQ(after(seconds(2)), "ab");
    EXPECT_EQ(after(seconds(3)), "c");
    EXPECT_EQ(list.first(), nullptr);
}

TEST_F(DeadlinesTest, StartingAgainMovesIt) {
    list.start_at(a, clock.now() + seconds(1));
    list.start(a);
    EXPECT_EQ(after(seconds(9)), "");
    EXPECT_EQ(after(seconds(10)), "a");
}

TEST_F(DeadlinesTest, ADelayOfZeroMeansNever) {
    list.start(a);
    list.set_delay(Duration::zero());
    EXPECT_TRUE(list.is_off());
    list.start(a);
    EXPECT_FALSE(a.pending());
    EXPECT_EQ(after(hours(1)), "");
}

TEST_F(DeadlinesTest, AShorterDelayOvertakesOlderDeadlines) {
    list.start(a);
    list.set_delay(seconds(1));
    list.start(b);
    EXPECT_EQ(after(seconds(1)), "b");
    EXPECT_EQ(after(seconds(10)), "a");
}

TEST_F(DeadlinesTest, ADestroyedOneIsNotTold) {
    {
        Named gone("gone");
        list.start(gone);
        list.start(a);
    }
    EXPECT_EQ(after(seconds(10)), "a");
}

TEST_F(DeadlinesTest, OneCanBeCancelledByAnothersCall) {
    list.start(a);
    list.start(b);
    other = &b;
    EXPECT_EQ(after(seconds(10)), "a");
}

TEST_F(DeadlinesTest, OneThatStartsItselfAgainIsToldOnceATime) {
    restarts = "a";
    list.start_at(a, clock.now() + seconds(1));
    EXPECT_EQ(after(seconds(1)), "a");
    EXPECT_TRUE(a.pending());
}

// Else the loop would never come to the end of its turn.
TEST_F(DeadlinesTest, OneThatStartsItselfAgainIsToldInTheNextTurnThoughItIsDue) {
    restarts = "a";
    list.start_at(a, clock.now() + seconds(1));
    EXPECT_EQ(after(seconds(11)), "a");
    EXPECT_EQ(after(seconds(11)), "a");
}

TEST_F(DeadlinesTest, TellsTheItemsThemselves) {
    DeadlineList items(clock, seconds(1));
    items.bind_items<&Named::on_due>();
    items.start(a);
    items.start(b);
    EXPECT_EQ(after(seconds(1)), "");
    EXPECT_EQ(a.own + b.own, "ab");
}

TEST_F(DeadlinesTest, ADestroyedListLetsItsDeadlinesGo) {
    {
        DeadlineList shorter(clock, seconds(1));
        shorter.bind_items<&Named::on_due>();
        shorter.start(a);
    }
    EXPECT_FALSE(a.pending());
    EXPECT_EQ(after(hours(1)), "");
    list.start(a);
    EXPECT_EQ(after(seconds(10)), "a");
}

// The timer itself: wakes a sleeping loop for the earliest deadline of all lists.
TEST_F(DeadlinesTest, TheTimerWakesTheLoop) {
    DeadlineList soon(clock, milliseconds(1));
    soon.bind_items<&Named::on_due>();
    list.start(a);
    soon.start(b);
    loop.run_pending();
    while (b.own.empty()) {
        pollfd watched{loop.backend_fd(), POLLIN, 0};
        ASSERT_EQ(::poll(&watched, 1, -1), 1);
        loop.run_pending();
    }
    EXPECT_EQ(told, "");
    EXPECT_TRUE(a.pending());
}

}  // namespace geventd::event
