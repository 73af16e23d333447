// SPDX-License-Identifier: MIT
#include "master/replace/turns.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

using Outcome = ReloadStatus::Outcome;

/// Begins and ends when the test says so.
class FakeKind final : public Turns::Kind {
  public:
    [[nodiscard]] const Turns::Words& words() const override { return words_; }

    Replacement& record() override { return book; }

    [[nodiscard]] bool is_busy() const override { return busy; }

    [[nodiscard]] bool is_slow() const override { return slow; }

    bool is_sound() override { return sound; }

    void begin() override {
        book.begin();
        busy = true;
        ++begun;
    }

    void give_up(const std::string& why) override { given_up.push_back(why); }

    void end(Turns& turns, Outcome outcome, const std::string& reason = {}) {
        busy = slow = false;
        book.end(outcome, reason);
        turns.next();
    }

    Replacement book;
    bool busy = false;
    bool slow = false;
    bool sound = true;
    int begun = 0;
    std::vector<std::string> given_up;

  private:
    Turns::Words words_{"a thing", "the thing", "another follows", "a newer thing"};
};

class TurnsTest : public testing::Test {
  protected:
    TurnsTest() {
        turns.add(upgrades);
        turns.add(reloads);
    }

    Turns::Asked ask(FakeKind& kind) {
        return turns.ask(kind, [this](const ReloadStatus& outcome) { told.push_back(outcome); });
    }

    Turns turns;
    FakeKind upgrades;
    FakeKind reloads;
    std::vector<ReloadStatus> told;
};

TEST_F(TurnsTest, BeginsAtOnceWhenNothingRuns) {
    EXPECT_EQ(ask(reloads), Turns::Asked::Begun);
    EXPECT_TRUE(reloads.book.is_running());
    EXPECT_TRUE(told.empty());
    reloads.end(turns, Outcome::Done);
    ASSERT_EQ(told.size(), 1);
    EXPECT_EQ(told[0].outcome, Outcome::Done);
    EXPECT_EQ(told[0].count, 1);
}

TEST_F(TurnsTest, QueuesOneBehindTheRunningOneHoweverManyAsk) {
    ask(reloads);
    EXPECT_EQ(ask(reloads), Turns::Asked::Queued);
    EXPECT_EQ(ask(reloads), Turns::Asked::Queued);
    EXPECT_EQ(reloads.begun, 1);
    reloads.end(turns, Outcome::Failed, "a mistake");
    EXPECT_EQ(told.size(), 1);
    EXPECT_EQ(reloads.begun, 2);
    reloads.end(turns, Outcome::Done);
    ASSERT_EQ(told.size(), 3);
    EXPECT_EQ(told[0].reason, "a mistake");
    EXPECT_EQ(told[1].count, 2);
    EXPECT_EQ(told[2].count, 2);
    EXPECT_EQ(reloads.begun, 2);
}

TEST_F(TurnsTest, QueuesBehindWhatNobodyHasAskedFor) {
    reloads.busy = true;  // the first generation
    EXPECT_EQ(ask(reloads), Turns::Asked::Queued);
    EXPECT_FALSE(reloads.book.is_running());
    EXPECT_TRUE(turns.next());
    EXPECT_TRUE(reloads.book.is_running());
    EXPECT_FALSE(turns.next());
}

TEST_F(TurnsTest, NeverRunsTwoKindsAtOnceAndLetsTheUpgradeGoFirst) {
    ask(reloads);
    ask(reloads);
    ask(upgrades);
    EXPECT_EQ(upgrades.begun, 0);
    reloads.end(turns, Outcome::Done);
    EXPECT_EQ(upgrades.begun, 1);
    EXPECT_EQ(reloads.begun, 1);
    upgrades.end(turns, Outcome::Failed, "no program");
    EXPECT_EQ(reloads.begun, 2);
}

TEST_F(TurnsTest, GivesUpWhatIsSlowForWhatIsQueued) {
    ask(reloads);
    reloads.slow = true;
    turns.supersede();
    EXPECT_TRUE(reloads.given_up.empty()) << "nothing newer is there";
    ask(reloads);
    turns.supersede();
    EXPECT_EQ(reloads.given_up,
              std::vector<std::string>{"a newer thing took its place: it was still loading"});
}

TEST_F(TurnsTest, KeepsWhatIsSlowWhenTheQueuedOneIsNotSound) {
    ask(reloads);
    ask(reloads);
    reloads.slow = true;
    reloads.sound = false;
    turns.supersede();
    EXPECT_TRUE(reloads.given_up.empty());
}

TEST_F(TurnsTest, KeepsWhatIsNotSlow) {
    ask(upgrades);
    ask(reloads);
    turns.supersede();
    EXPECT_TRUE(upgrades.given_up.empty());
}

TEST_F(TurnsTest, FailsEverythingThatWaitsWhenTheServerStops) {
    ask(reloads);
    ask(reloads);
    ask(upgrades);
    turns.close("the server stops");
    ASSERT_EQ(told.size(), 3);
    for (const ReloadStatus& outcome : told) {
        EXPECT_EQ(outcome.outcome, Outcome::Failed);
        EXPECT_EQ(outcome.reason, "the server stops");
    }
    EXPECT_FALSE(turns.is_anything_queued());
    EXPECT_EQ(ask(reloads), Turns::Asked::Answered);
    EXPECT_EQ(told.back().reason, "the server stops");
    reloads.end(turns, Outcome::Done);
    EXPECT_EQ(told.size(), 4) << "nobody is told twice";
    EXPECT_EQ(reloads.begun, 1);
}

TEST_F(TurnsTest, AnswersWithTheUpgradeOnceAnotherMasterLeads) {
    ask(upgrades);
    ask(reloads);
    upgrades.busy = false;
    upgrades.book.end(Outcome::Done, {});
    turns.hand_over(upgrades.book.newest());
    EXPECT_EQ(ask(reloads), Turns::Asked::Answered);
    ASSERT_EQ(told.size(), 3);
    EXPECT_EQ(told[1].outcome, Outcome::Done);
    EXPECT_EQ(told[2].outcome, Outcome::Done);
    EXPECT_EQ(reloads.begun, 0);
    EXPECT_TRUE(reloads.book.past().empty());
}

}  // namespace
}  // namespace geventd::master
