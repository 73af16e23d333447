// SPDX-License-Identifier: MIT
#include "master/replace/replacement.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

using Outcome = ReloadStatus::Outcome;

class ReplacementTest : public testing::Test {
  protected:
    void queue() {
        replacement.queue([this](const ReloadStatus& outcome) { told.push_back(outcome); });
    }

    Replacement replacement;
    std::vector<ReloadStatus> told;
};

TEST_F(ReplacementTest, TellsWhoWaitsForTheRunningOneAndNotWhoWaitsForTheNext) {
    queue();
    replacement.begin();
    queue();
    replacement.end(Outcome::Failed, "why");
    ASSERT_EQ(told.size(), 1);
    EXPECT_EQ(told[0].outcome, Outcome::Failed);
    EXPECT_EQ(told[0].reason, "why");
    EXPECT_TRUE(replacement.is_queued());
}

TEST_F(ReplacementTest, NeedsNobodyWhoWaits) {
    replacement.queue({});
    replacement.begin();
    replacement.end(Outcome::Done, {});
    EXPECT_EQ(replacement.newest().outcome, Outcome::Done);
}

TEST_F(ReplacementTest, ForgetsTheReasonOfTheOneBefore) {
    replacement.begin();
    replacement.end(Outcome::Failed, "why");
    replacement.begin();
    EXPECT_EQ(replacement.newest().reason, "");
    EXPECT_EQ(replacement.newest().count, 2);
}

TEST_F(ReplacementTest, RemembersTheNewestTen) {
    for (int count = 0; count < 12; ++count) {
        replacement.begin();
        replacement.end(Outcome::Done, {});
    }
    ASSERT_EQ(replacement.past().size(), Replacement::kRemembered);
    EXPECT_EQ(replacement.past().front().count, 12);
    EXPECT_EQ(replacement.past().back().count, 3);
}

TEST_F(ReplacementTest, EndsOnce) {
    replacement.begin();
    replacement.end(Outcome::Done, {});
    replacement.end(Outcome::Failed, "late");
    EXPECT_EQ(replacement.newest().outcome, Outcome::Done);
    EXPECT_EQ(replacement.past().size(), 1);
}

TEST_F(ReplacementTest, GoesOnAsTheOneThatAnotherProcessHasBegun) {
    replacement.join(7);
    EXPECT_TRUE(replacement.is_running());
    replacement.end(Outcome::Done, {});
    EXPECT_EQ(replacement.newest().count, 7);
}

TEST_F(ReplacementTest, RefusesBothTheRunningAndTheQueuedOne) {
    queue();
    replacement.begin();
    queue();
    replacement.refuse("the server stops");
    ASSERT_EQ(told.size(), 2);
    EXPECT_EQ(told[0].outcome, Outcome::Failed);
    EXPECT_EQ(told[1].reason, "the server stops");
    EXPECT_FALSE(replacement.is_queued());
    EXPECT_FALSE(replacement.is_running());
    EXPECT_EQ(replacement.past().size(), 1);
}

TEST_F(ReplacementTest, RefusesNothingWhenNobodyWaits) {
    replacement.refuse("the server stops");
    EXPECT_EQ(replacement.newest().outcome, Outcome::None);
    EXPECT_TRUE(replacement.past().empty());
}

TEST_F(ReplacementTest, AnswersTheQueuedOneAlone) {
    queue();
    replacement.begin();
    queue();
    ReloadStatus outcome;
    outcome.outcome = Outcome::Failed;
    outcome.reason = "a mistake in the configuration";
    replacement.answer_queued(outcome);
    ASSERT_EQ(told.size(), 1);
    EXPECT_EQ(told[0].reason, "a mistake in the configuration");
    EXPECT_TRUE(replacement.is_running());
    EXPECT_FALSE(replacement.is_queued());
}

}  // namespace
}  // namespace geventd::master
