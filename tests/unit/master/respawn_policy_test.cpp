// SPDX-License-Identifier: MIT
#include "master/supervise/respawn_policy.h"

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RespawnPolicyTest : public testing::Test {
  protected:
    using Life = RespawnPolicy::Life;

    // Lives for `time` and dies; returns the delay until the next start, and lets it pass.
    Duration live_for(Duration time, Life life = Life::Useless) {
        policy.on_start(now);
        now += time;
        const Duration delay = policy.on_death(now, life) - now;
        now += delay;
        return delay;
    }

    RespawnPolicy policy;
    TimePoint now{seconds(1000)};
};

TEST_F(RespawnPolicyTest, RespawnsAtOnceAfterADecentLife) {
    for (int death = 0; death < 10; ++death) {
        EXPECT_EQ(live_for(seconds(10)), Duration::zero());
    }
    EXPECT_FALSE(policy.crash_looping(now));
}

TEST_F(RespawnPolicyTest, ForgivesOneEarlyDeath) {
    EXPECT_EQ(live_for(seconds(1)), Duration::zero());
    EXPECT_EQ(live_for(seconds(11)), Duration::zero());
    EXPECT_EQ(live_for(seconds(1)), Duration::zero());
}

TEST_F(RespawnPolicyTest, DoublesTheDelayUpToThirtySeconds) {
    EXPECT_EQ(live_for(seconds(0)), Duration::zero());
    EXPECT_EQ(live_for(seconds(9)), milliseconds(500));
    EXPECT_EQ(live_for(seconds(0)), seconds(1));
    EXPECT_EQ(live_for(seconds(0)), seconds(2));
    for (int death = 0; death < 10; ++death) {
        live_for(seconds(0));
    }
    EXPECT_EQ(live_for(seconds(0)), seconds(30));
}

TEST_F(RespawnPolicyTest, LetsTheSuccessorOfOneThatWorkedWaitForASecondAtMost) {
    for (int death = 0; death < 10; ++death) {
        live_for(seconds(0), Life::Useful);
    }
    EXPECT_EQ(live_for(seconds(0), Life::Useful), seconds(1));
    EXPECT_TRUE(policy.crash_looping(now));
    EXPECT_EQ(live_for(seconds(0)), seconds(30));
}

TEST_F(RespawnPolicyTest, StartsAfreshOnceASuccessorHasGrownUp) {
    for (int death = 0; death < 6; ++death) {
        live_for(seconds(0));
    }
    EXPECT_EQ(live_for(seconds(10)), Duration::zero());
    EXPECT_EQ(live_for(seconds(0)), Duration::zero());
    EXPECT_EQ(live_for(seconds(0)), milliseconds(500));
}

TEST_F(RespawnPolicyTest, CallsThreeEarlyDeathsInARowACrashLoop) {
    live_for(seconds(0));
    live_for(seconds(0));
    EXPECT_FALSE(policy.crash_looping(now));
    live_for(seconds(0));
    EXPECT_TRUE(policy.crash_looping(now));
    policy.on_start(now);
    EXPECT_TRUE(policy.crash_looping(now + seconds(9)));
    EXPECT_FALSE(policy.crash_looping(now + seconds(10)));
}

}  // namespace
}  // namespace geventd::master
