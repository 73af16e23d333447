// SPDX-License-Identifier: MIT
#include "master/upgrade/handover.h"

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

constexpr pid_t kNew = 77;
constexpr Duration kSlow = std::chrono::seconds(10);
constexpr Duration kLimit = std::chrono::hours(2);
using State = Handover::State;

class HandoverTest : public testing::Test, private Handover::Actions {
  protected:
    void begin() { handover.begin(now, {kSlow, kLimit}); }

    void hear(std::string_view type, std::string_view why = {}) {
        handover.on_message(type, why, now);
    }

    void pass(Duration time) {
        now += time;
        handover.check_deadline(now);
    }

    bool die(int signal) { return handover.on_exit({kNew, signal}); }

    void reach(State state) {
        begin();
        if (state >= State::Loading) {
            hear("hello");
        }
        if (state >= State::HandingOver) {
            hear("ready");
        }
        ASSERT_EQ(handover.state(), state);
        done.clear();
    }

    using Words = std::vector<std::string>;

    Handover handover{*this};
    TimePoint now{std::chrono::hours(1)};
    Words done;
    std::string reason;
    bool starts = true;
    bool listens = true;
    std::string fault;

  private:
    pid_t start_successor() override {
        if (!starts) {
            throw std::runtime_error("start /x: No such file or directory");
        }
        done.emplace_back("start");
        return kNew;
    }

    bool hand_over() override {
        if (!fault.empty()) {
            throw std::runtime_error(fault);
        }
        done.emplace_back("hand over");
        return listens;
    }

    bool let_lead() override {
        done.emplace_back("let lead");
        return listens;
    }

    void take_back() override { done.emplace_back("take back"); }

    void leave() override { done.emplace_back("leave"); }

    void give_up(const std::string& why) override {
        done.emplace_back("give up");
        reason = why;
    }

    void end_successor(pid_t pid, bool at_once) override {
        EXPECT_EQ(pid, kNew);
        done.emplace_back(at_once ? "kill" : "terminate");
    }
};

TEST_F(HandoverTest, GoesStepByStepAndTheOldMasterLeavesLast) {
    begin();
    EXPECT_TRUE(handover.is_busy());
    hear("hello");
    hear("ready");
    EXPECT_EQ(done, (Words{"start", "hand over"}));
    hear("taken");
    EXPECT_EQ(done, (Words{"start", "hand over", "let lead", "leave"}));
    EXPECT_EQ(handover.state(), State::Left);
    EXPECT_FALSE(handover.is_busy());
    EXPECT_EQ(handover.next_deadline(), TimePoint::max());
}

TEST_F(HandoverTest, LeavesOutNoStep) {
    begin();
    hear("ready");
    hear("taken");
    EXPECT_EQ(handover.state(), State::Starting);
    hear("hello");
    hear("taken");
    EXPECT_EQ(handover.state(), State::Loading);
    EXPECT_EQ(done, Words{"start"});
}

TEST_F(HandoverTest, AProgramThatCannotBeStartedIsGivenUpAtOnce) {
    starts = false;
    begin();
    EXPECT_EQ(handover.state(), State::Idle);
    EXPECT_EQ(reason, "start /x: No such file or directory");
}

TEST_F(HandoverTest, ADeathBeforeItLeadsIsToldWithItsCause) {
    for (const State state : {State::Starting, State::Loading, State::HandingOver}) {
        reach(state);
        EXPECT_TRUE(die(SIGKILL));
        EXPECT_EQ(handover.state(), State::Idle);
        EXPECT_EQ(reason.find("the new master ended before it was ready: killed by SIGKILL"), 0U);
        const Words back{"take back", "give up"};
        EXPECT_EQ(done, state == State::HandingOver ? back : Words{"give up"});
    }
}

TEST_F(HandoverTest, AnEndOfFileWaitsForTheExitWhichSaysMore) {
    reach(State::HandingOver);
    handover.on_hang_up(now);
    EXPECT_EQ(done, Words{"take back"});
    EXPECT_TRUE(handover.is_busy());
    EXPECT_TRUE(die(SIGSEGV));
    EXPECT_EQ(done, (Words{"take back", "give up"}));
    EXPECT_EQ(reason.find("the new master ended before it was ready: killed by SIGSEGV"), 0U);
}

TEST_F(HandoverTest, ItsOwnReasonOutweighsItsExit) {
    reach(State::Loading);
    hear("failed", "ImportError: x");
    EXPECT_TRUE(done.empty());
    EXPECT_TRUE(die(0));
    EXPECT_EQ(reason, "ImportError: x");
}

TEST_F(HandoverTest, OneThatSaysNothingIsEndedThenKilled) {
    reach(State::Starting);
    pass(Handover::kHelloPatience - Duration(1));
    EXPECT_TRUE(done.empty());
    pass(Duration(1));
    EXPECT_EQ(done, Words{"terminate"});
    pass(Handover::kLastWords);
    EXPECT_EQ(done, (Words{"terminate", "kill"}));
    EXPECT_TRUE(die(SIGKILL));
    EXPECT_EQ(reason, "the new master says nothing: is the program a geventd?");
}

TEST_F(HandoverTest, OneThatLoadsHasMoreTime) {
    reach(State::Loading);
    pass(kLimit + Handover::kBootPatience - Duration(1));
    EXPECT_TRUE(done.empty());
    pass(Duration(1));
    EXPECT_EQ(done, Words{"terminate"});
}

TEST_F(HandoverTest, OneThatMayLoadForEverIsNotGivenUp) {
    handover.begin(now, {kSlow, Duration::zero()});
    hear("hello");
    pass(std::chrono::hours(1000));
    EXPECT_EQ(done, Words{"start"});
    EXPECT_EQ(handover.next_deadline(), TimePoint::max());
}

// A process stopped by SIGSTOP, for example, cannot report it.
TEST_F(HandoverTest, OneThatLoadsLongNeedNotSaySo) {
    reach(State::Loading);
    EXPECT_EQ(handover.next_deadline(), now + kSlow);
    pass(kSlow - Duration(1));
    EXPECT_FALSE(handover.is_slow());
    pass(Duration(1));
    EXPECT_TRUE(handover.is_slow());
}

TEST_F(HandoverTest, WhatCannotBeHandedOverFailsWithItsReason) {
    reach(State::Loading);
    fault = "dup: Too many open files";
    hear("ready");
    EXPECT_EQ(done, (Words{"take back", "terminate"}));
    EXPECT_TRUE(die(SIGTERM));
    EXPECT_EQ(reason, "what the new master needs cannot be handed over: dup: Too many open files");
}

TEST_F(HandoverTest, OneThatWasKilledAfterItsTimeIsToldAsSuch) {
    reach(State::Loading);
    handover.on_hang_up(now);
    pass(Handover::kLastWords);
    pass(Handover::kLastWords);
    EXPECT_EQ(done, (Words{"terminate", "kill"}));
    EXPECT_TRUE(die(SIGKILL));
    EXPECT_NE(reason.find("killed by the master"), std::string::npos);
}

TEST_F(HandoverTest, WhatWasHandedOverIsTakenBackFromOneThatHangs) {
    reach(State::HandingOver);
    pass(Handover::kStepPatience);
    EXPECT_EQ(done, (Words{"take back", "terminate"}));
    hear("taken");  // too late
    EXPECT_EQ(handover.state(), State::Failing);
}

TEST_F(HandoverTest, OneThatCannotBeToldToLeadDoesNot) {
    reach(State::HandingOver);
    listens = false;
    hear("taken");
    EXPECT_EQ(done, (Words{"let lead", "take back", "terminate"}));
}

TEST_F(HandoverTest, AStopEndsIt) {
    reach(State::Loading);
    handover.abort(now);
    EXPECT_EQ(done, Words{"terminate"});
    EXPECT_TRUE(die(0));
    EXPECT_EQ(reason, "the server stops");
}

TEST_F(HandoverTest, OneThatLoadsLongSaysSoAndCanBeEndedForAnother) {
    reach(State::Loading);
    EXPECT_FALSE(handover.is_slow());
    hear("slow");
    EXPECT_TRUE(handover.is_slow());
    handover.abort(now, "a newer reload took its place");
    EXPECT_FALSE(handover.is_slow());
    EXPECT_TRUE(die(0));
    EXPECT_EQ(reason, "a newer reload took its place");
    reach(State::Loading);
    EXPECT_FALSE(handover.is_slow());
}

TEST_F(HandoverTest, AnotherCanFollowAFailedOne) {
    reach(State::Loading);
    EXPECT_TRUE(die(SIGKILL));
    EXPECT_FALSE(handover.on_exit({kNew, SIGKILL}));
    reach(State::HandingOver);
    hear("taken");
    EXPECT_EQ(handover.state(), State::Left);
    EXPECT_TRUE(die(SIGKILL));  // the server is gone, which this one need not report
    EXPECT_EQ(handover.state(), State::Left);
}

}  // namespace
}  // namespace geventd::master
