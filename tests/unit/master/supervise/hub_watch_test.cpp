// SPDX-License-Identifier: MIT
#include "master/supervise/hub_watch.h"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <string_view>

#include <gtest/gtest.h>

#include "base/fd.h"
#include "unit/master/supervise/captured_log.h"

namespace geventd::master {
namespace {

using namespace std::chrono_literals;

class HubWatchTest : public testing::Test, public HubWatch::Worker {
  protected:
    HubWatchTest() {
        watch.set_limits({5s, 0s});
        watch.open(duplicate(file.get()));
    }

    void ask_for_pulse() override {
        ++pulses;
        if (turns) {
            answer();
        }
    }

    void ask_for_stack(ipc::StackOf which) override {
        ++stacks;
        asked_for = which;
        ASSERT_EQ(::pwrite(file.get(), written.data(), written.size(), 0),
                  static_cast<ssize_t>(written.size()));
    }

    [[nodiscard]] std::string title() const override { return "worker 1 (pid 42)"; }

    void answer() { slot.hub_answered.store(slot.hub_asked.load()); }

    // Calls look() whenever the watch asks for it, as the master does.
    void pass(Duration time) {
        const TimePoint end = now + time;
        for (TimePoint next = watch.look(now); next <= end; next = watch.look(now)) {
            now = next;
        }
        now = end;
    }

    std::string said(Duration time) {
        capture_log();
        pass(time);
        return captured_log();
    }

    UniqueFd file = UniqueFd::adopt(::memfd_create("test", MFD_CLOEXEC));
    shm::WorkerSlot slot{};
    HubWatch watch{*this, slot};
    TimePoint now{1h};
    bool turns = true;
    std::string_view written = "  File \"app.py\", line 7 in sleep\n";
    int pulses = 0;
    int stacks = 0;
    ipc::StackOf asked_for{};
};

TEST_F(HubWatchTest, AsksAHubThatTurnsTwiceASecond) {
    EXPECT_EQ(said(10s), "");
    EXPECT_EQ(pulses, 21);
    EXPECT_FALSE(watch.is_blocked());
}

TEST_F(HubWatchTest, DoesNotAskAgainBeforeAnAnswerHasCome) {
    turns = false;
    said(60s);
    EXPECT_EQ(pulses, 1);
}

TEST_F(HubWatchTest, ReportsTheStackOfAHubThatDoesNotAnswer) {
    turns = false;
    EXPECT_EQ(said(4900ms), "");
    const std::string line = said(700ms);
    EXPECT_NE(line.find("the hub of worker 1 (pid 42) has not turned for 5.0 s, blocked by:"),
              std::string::npos)
        << line;
    EXPECT_NE(line.find("app.py\", line 7"), std::string::npos);
    EXPECT_EQ(slot.hub_blocks.load(), 1);
    EXPECT_NE(slot.hub_blocked.load(), 0);
    EXPECT_TRUE(watch.is_blocked());
    EXPECT_EQ(said(60s), "") << "once is enough";
    EXPECT_EQ(stacks, 1);
}

TEST_F(HubWatchTest, AsksForAllThreadsWhenTheHubItselfOnlyWaitsForTheGil) {
    turns = false;
    written =
        "Stack (most recent call first):\n"
        "  File \"/usr/lib/python3/dist-packages/gevent/hub.py\", line 647 in run\n";
    const std::string line = said(6s);
    EXPECT_EQ(stacks, 2);
    EXPECT_EQ(asked_for, ipc::StackOf::AllThreads);
    EXPECT_NE(line.find("has not turned for 5.1 s"), std::string::npos) << line;
    EXPECT_EQ(said(60s), "") << "once is enough";
}

TEST_F(HubWatchTest, ReportsWithoutAStackWhenNoneComes) {
    turns = false;
    written = "";
    EXPECT_EQ(said(5900ms), "");
    EXPECT_NE(said(300ms).find("does not even take a signal"), std::string::npos);
}

TEST_F(HubWatchTest, ReportsAlsoWhenTheSignalForTheStackHasEndedTheBlock) {
    turns = false;
    said(5s);
    EXPECT_EQ(stacks, 1);
    answer();
    const std::string lines = said(100ms);
    EXPECT_NE(lines.find("has not turned for 5.0 s"), std::string::npos) << lines;
    EXPECT_NE(lines.find("app.py\", line 7"), std::string::npos);
    EXPECT_NE(lines.find("turns again"), std::string::npos);
}

TEST_F(HubWatchTest, ForgetsTheStackOfAnEarlierBlock) {
    turns = false;
    said(6s);
    answer();
    written = "another\n";
    const std::string line = said(6s);
    EXPECT_NE(line.find("another"), std::string::npos);
    EXPECT_EQ(line.find("app.py"), std::string::npos);
}

TEST_F(HubWatchTest, SaysWhenTheHubTurnsAgain) {
    turns = false;
    said(7s);
    answer();
    turns = true;
    EXPECT_NE(said(1s).find("turns again; it was blocked for about 7."), std::string::npos);
    EXPECT_EQ(slot.hub_blocked.load(), 0);
    EXPECT_FALSE(watch.is_blocked());
}

TEST_F(HubWatchTest, IsHopelessAfterTheSecondLimitAndNoLongerOnceItTurns) {
    watch.set_limits({5s, 30s});
    turns = false;
    said(29s);
    EXPECT_FALSE(watch.is_past_limit());
    said(2s);
    EXPECT_TRUE(watch.is_past_limit());
    answer();
    said(1s);
    EXPECT_FALSE(watch.is_past_limit());
}

TEST_F(HubWatchTest, OfZeroLimitsOnlyMeasures) {
    watch.set_limits({0s, 0s});
    turns = false;
    EXPECT_EQ(said(1h), "");
    EXPECT_EQ(stacks, 0);
    EXPECT_FALSE(watch.is_blocked());
}

TEST_F(HubWatchTest, BlamesNobodyWhenTheMasterStoodStill) {
    turns = false;
    watch.look(now);
    now += 1min;
    capture_log();
    watch.look(now);
    EXPECT_EQ(captured_log(), "");
    EXPECT_FALSE(watch.is_blocked());
    EXPECT_NE(said(6s).find("has not turned for 5.0 s"), std::string::npos);
}

TEST_F(HubWatchTest, LeavesAWorkerAloneWhoseHubHasEndedForAsLongAsItMayTakeToLeave) {
    watch.set_limits({5s, 30s, 60s});
    slot.hub_over.store(1);
    turns = false;
    EXPECT_EQ(watch.look(now), now + 60s);
    EXPECT_EQ(said(59s), "");
    EXPECT_EQ(pulses, 0);
    slot.hub_over.store(0);
    watch.look(now);
    slot.hub_over.store(1);
    EXPECT_NE(said(10s).find("has not turned for 5.0 s"), std::string::npos);
    said(30s);
    EXPECT_TRUE(watch.is_past_limit());
}

TEST_F(HubWatchTest, WaitsForShortLimitsInShortSteps) {
    watch.set_limits({200ms, 0s});
    turns = false;
    EXPECT_NE(said(300ms).find("has not turned for 0.2 s"), std::string::npos);
}

}  // namespace
}  // namespace geventd::master
