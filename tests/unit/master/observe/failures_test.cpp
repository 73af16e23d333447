// SPDX-License-Identifier: MIT
#include "master/observe/failures.h"

#include <string>

#include <gtest/gtest.h>

#include "shm/region.h"

namespace geventd::master {
namespace {

class FailuresTest : public ::testing::Test {
  protected:
    FailuresTest() : generations_(1) {
        generations_[0].number = 3;
        generations_[0].workers.resize(1);
        generations_[0].workers[0].number = 2;
        generations_[0].workers[0].slot = 5;
        generations_[0].workers[0].pid = 77;
    }

    void fail(const std::string& text) { board_.slots[5].failure.put(1'700'000'000, text); }

    const shm::Region region_ = shm::Region::create("test", sizeof(shm::Scoreboard));
    shm::Scoreboard& board_ = shm::Scoreboard::format(region_.data(), region_.size());
    std::vector<GenerationStatus> generations_;
    Failures failures_{board_};
};

TEST_F(FailuresTest, AreTakenApartAndSeenOnce) {
    failures_.look(generations_);
    EXPECT_TRUE(failures_.newest().empty());
    fail("id\napp.py:7\nKeyError: 'x'\nGET /x\ny");
    failures_.look(generations_);
    failures_.look(generations_);
    ASSERT_EQ(failures_.newest().size(), 1U);
    const FailureStatus failure = failures_.newest()[0];
    EXPECT_EQ(failure.worker, 2U);
    EXPECT_EQ(failure.generation, 3U);
    EXPECT_EQ(failure.request, "GET /x\ny");
    EXPECT_EQ(failure.id, "id");
    EXPECT_EQ(failure.where, "app.py:7");
    EXPECT_EQ(failure.error, "KeyError: 'x'");
    EXPECT_EQ(std::chrono::system_clock::to_time_t(failure.at), 1'700'000'000);
}

TEST_F(FailuresTest, ATextOfAnotherMakingIsNoTrouble) {
    fail("");
    failures_.look(generations_);
    ASSERT_EQ(failures_.newest().size(), 1U);
    EXPECT_EQ(failures_.newest()[0].error, "");
}

TEST_F(FailuresTest, TheNewestAreKeptFirst) {
    for (int number = 0; number < 15; ++number) {
        fail(std::to_string(number));
        failures_.look(generations_);
    }
    ASSERT_EQ(failures_.newest().size(), Failures::kMost);
    EXPECT_EQ(failures_.newest().front().id, "14");
    EXPECT_EQ(failures_.newest().back().id, "5");
}

}  // namespace
}  // namespace geventd::master
