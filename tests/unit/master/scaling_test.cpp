// SPDX-License-Identifier: MIT
#include "master/supervise/scaling.h"

#include <functional>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ScalingTest : public testing::Test {
  protected:
    // `load` describes the given number of workers, with 100 cores each. Runs for `duration`;
    // returns how often the number changed.
    int run(Duration duration, const std::function<void(Load&)>& load) {
        int changes = 0;
        for (const TimePoint end = now + duration; now < end; now += milliseconds(500)) {
            Load seen;
            seen.ready = wanted;
            seen.cores = 100 * static_cast<std::uint64_t>(wanted);
            load(seen);
            const int before = wanted;
            wanted = scaling.look(wanted, seen, now);
            changes += wanted == before ? 0 : 1;
        }
        return changes;
    }

    Scaling scaling{2, 8};
    int wanted = 2;
    TimePoint now{seconds(1000)};
};

TEST_F(ScalingTest, OneRequestInEachWorkerIsNoReasonForAnother) {
    EXPECT_EQ(run(minutes(5), [](Load& load) { load.busy = 2; }), 0);
}

TEST_F(ScalingTest, OneMomentIsNoReason) {
    run(milliseconds(500), [](Load& load) { load.queued = 7; });
    EXPECT_EQ(run(seconds(10), [](Load& load) { load.busy = 2; }), 0);
}

TEST_F(ScalingTest, GrowsWithinSecondsByBusyCoresByQueuesAndByLag) {
    for (const auto& press : std::vector<std::function<void(Load&)>>{
             [](Load& load) { load.busy = 80 * load.cores / 100; },
             [](Load& load) { load.queued = 1; }, [](Load& load) { load.backlog = 1; },
             [](Load& load) { load.lag = milliseconds(150); }}) {
        wanted = 2;
        scaling = Scaling{2, 8};
        run(seconds(1), press);
        EXPECT_EQ(wanted, 3) << scaling.reason();
        run(seconds(20), press);
        EXPECT_EQ(wanted, 8) << "and no further";
    }
}

TEST_F(ScalingTest, GrowsFasterWhenAllCoresAreBusy) {
    const auto full = [](Load& load) { load.busy = load.cores; };
    run(seconds(3), full);
    EXPECT_EQ(wanted, 6);  // 2, 3, 4, 6
}

TEST_F(ScalingTest, WaitsForWorkersThatStart) {
    EXPECT_EQ(run(seconds(10),
                  [](Load& load) {
                      load.busy = load.cores;
                      load.starting = 1;
                  }),
              0);
}

TEST_F(ScalingTest, ShrinksByOneAfterALongCalmAndNotBelowTheLeast) {
    wanted = 4;
    const auto idle = [](Load&) {};
    run(seconds(30), idle);
    EXPECT_EQ(wanted, 4);
    run(seconds(1), idle);
    EXPECT_EQ(wanted, 3);
    run(seconds(29), idle);
    EXPECT_EQ(wanted, 3);
    run(minutes(10), idle);
    EXPECT_EQ(wanted, 2);
}

TEST_F(ScalingTest, ABusyMomentBeginsTheCalmAnew) {
    wanted = 4;
    run(seconds(29), [](Load&) {});
    run(seconds(1), [](Load& load) { load.busy = 200; });
    run(seconds(29), [](Load&) {});
    EXPECT_EQ(wanted, 4);
}

TEST_F(ScalingTest, ASteadyLoadOfAnySizeSettlesAtOneNumber) {
    for (std::uint64_t busy = 0; busy <= 800; busy += 10) {
        const auto steady = [busy](Load& load) { load.busy = std::min(busy, load.cores); };
        run(minutes(10), steady);
        EXPECT_EQ(run(minutes(60), steady), 0) << busy << " busy cores, " << wanted << " workers";
    }
}

TEST_F(ScalingTest, ALoadThatShowsOnlyInLagComesAndGoesEverMoreSeldom) {
    // Three workers are on time, two are late: only trying shows it.
    const auto edge = [](Load& load) { load.lag = milliseconds(load.ready < 3 ? 150 : 1); };
    run(minutes(30), edge);
    EXPECT_LE(run(minutes(60), edge), 12);
    run(minutes(30), [](Load&) {});  // forgets the failed attempt
    wanted = 3;
    run(seconds(31), [](Load&) {});
    EXPECT_EQ(wanted, 2);
}

TEST_F(ScalingTest, AnOperatorsNumberIsTheMost) {
    wanted = 8;
    scaling.set_most(4);
    run(milliseconds(500), [](Load& load) { load.busy = load.cores; });
    EXPECT_EQ(wanted, 4);
    scaling.set_most(1);
    run(milliseconds(500), [](Load&) {});
    EXPECT_EQ(wanted, 1);
    scaling.set_most(8);
    run(milliseconds(500), [](Load&) {});
    EXPECT_EQ(wanted, 2);
}

TEST(CommonLag, IsThatOfAtLeastHalfOfTheHubs) {
    EXPECT_EQ(common_lag({}), Duration::zero());
    EXPECT_EQ(common_lag({seconds(5)}), seconds(5));
    EXPECT_EQ(common_lag({seconds(5), seconds(0)}), seconds(0));
    EXPECT_EQ(common_lag({seconds(5), seconds(0), seconds(1)}), seconds(1));
}

}  // namespace
}  // namespace geventd::master
