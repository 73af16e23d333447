// SPDX-License-Identifier: MIT
#include "signal_support.h"

namespace geventd::shm {
namespace {

constexpr SignalShape kShape{6, 16, 4096};
constexpr std::uint8_t kNumber = SignalFamily::kNumber;
using Outcome = SignalRegistry::Outcome;

TEST(SignalRegistry, ReadsEveryTargetName) {
    EXPECT_EQ(*parse_signal_target("", 4), SignalTarget{});
    EXPECT_EQ(*parse_signal_target("worker", 4), SignalTarget{});
    EXPECT_EQ(*parse_signal_target("worker0", 4), SignalTarget{});
    EXPECT_EQ(*parse_signal_target("worker4", 4), (SignalTarget{TargetKind::Worker, 4}));
    EXPECT_EQ(parse_signal_target("workers", 4)->kind, TargetKind::All);
    EXPECT_EQ(parse_signal_target("active-workers", 4)->kind, TargetKind::All);
    for (const char* bad : {"worker5", "worker1x", "worker-1", "mule", "farm_x", "spooler", "foo",
                            "Worker", "worker99999999999", " worker"}) {
        EXPECT_FALSE(parse_signal_target(bad, 4)) << bad;
    }
    EXPECT_NE(parse_signal_target("worker9", 4).error().message.find("4 workers"),
              std::string::npos);
}

TEST(SignalRegistry, SameRegistrationIsIdempotentAndAnotherTargetConflicts) {
    SignalFamily family(kShape);
    SignalClaimer one = family.worker(1);
    family.recovery->hand_out(2, 1, 2);
    EXPECT_EQ(family.registry.add(2, kNumber, {}), Outcome::Registered);
    EXPECT_EQ(family.registry.add(2, kNumber, {TargetKind::All, 0}), Outcome::Conflict);
    EXPECT_EQ(family.registry.route(kNumber), SignalTarget{});
}

TEST(SignalRegistry, RegistrationOutlivesTheWorkerButNotItsPlace) {
    SignalFamily family(kShape);
    family.worker(1);
    family.recovery->reap(1);
    family.recovery->hand_out(1, 1, 1);
    EXPECT_TRUE(family.registry.route(kNumber));
    EXPECT_FALSE(family.registry.holds(1, kNumber));
}

TEST(SignalRegistry, NewGenerationsRegistrationsCountOnlyWhenItServes) {
    SignalFamily family(kShape);
    SignalClaimer old = family.worker(1);
    family.registry.begin(2);
    family.recovery->hand_out(2, 2, 1);
    SignalClaimer young(family.table, 2);
    ASSERT_EQ(family.registry.add(2, kNumber, {TargetKind::All, 0}), Outcome::Registered);
    ASSERT_EQ(family.registry.add(2, 18, {}), Outcome::Registered);
    young.accept(true);
    SignalWriter writer = family.writer(0);
    EXPECT_EQ(family.registry.route(kNumber)->kind, TargetKind::Any);
    EXPECT_EQ(writer.send({18, {}, false}, 0), SendResult::Unregistered);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_FALSE(young.claim());
    EXPECT_TRUE(old.claim());
    ASSERT_EQ(send_id(writer, 2), SendResult::Accepted);
    family.recovery->serve(2);
    EXPECT_TRUE(family.woken(2));
    EXPECT_FALSE(old.claim());
    EXPECT_EQ(drain(young)[2], 1U);
    EXPECT_EQ(writer.send({18, {}, false}, 0), SendResult::Accepted);
    EXPECT_EQ(family.registry.route(kNumber)->kind, TargetKind::All);
}

TEST(SignalRegistry, FailedGenerationsLeaveTheServingOneAlone) {
    SignalFamily family(kShape);
    family.worker(1);
    for (std::uint32_t generation = 2; generation < 12; ++generation) {
        family.registry.begin(generation);
        EXPECT_TRUE(family.registry.route(kNumber));
    }
    family.registry.serve(11);
    EXPECT_FALSE(family.registry.route(kNumber));
    for (std::uint32_t generation = 12; generation < 15; ++generation) {
        family.registry.begin(generation);
    }
    EXPECT_EQ(family.registry.add(1, 20, {}), Outcome::Retired);
}

TEST(SignalRegistry, WhatOnlyTheOldGenerationHandledIsSetAside) {
    SignalFamily family(kShape);
    SignalClaimer old = family.worker(1);
    SignalWriter writer = family.writer(1);
    ASSERT_EQ(send_id(writer, 5), SendResult::Accepted);
    EXPECT_TRUE(family.recovery->set_aside_unregistered().empty());
    family.registry.begin(2);
    family.recovery->serve(2);
    const std::vector<SignalLoss> losses = family.recovery->set_aside_unregistered();
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].number, kNumber);
    EXPECT_EQ(losses[0].reason, SignalLoss::Reason::Unregistered);
    EXPECT_EQ(read_statistics(family.table)[kNumber].set_aside, 1U);
    EXPECT_EQ(read_statistics(family.table)[kNumber].waiting, 0U);
}

TEST(SignalRegistry, SignalsForWorkersThatAreNoMoreGoToAnyAndTheirCopiesEnd) {
    SignalFamily family(kShape);
    const SignalTarget third{TargetKind::Worker, 3};
    SignalClaimer one = family.worker(1);
    SignalClaimer three = family.worker(3);
    ASSERT_EQ(family.registry.add(1, 18, third), Outcome::Registered);
    ASSERT_EQ(family.registry.add(3, 18, third), Outcome::Registered);
    ASSERT_EQ(family.registry.add(3, 19, {TargetKind::All, 0}), Outcome::Registered);
    SignalWriter writer = family.writer(1);
    ASSERT_EQ(writer.send({18, {}, false}, 0), SendResult::Accepted);
    ASSERT_EQ(writer.send({19, {}, false}, 0), SendResult::Accepted);
    EXPECT_FALSE(one.claim());
    three.accept(false);
    const std::vector<SignalLoss> losses = family.recovery->retire_workers_above(2);
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].number, 19);
    EXPECT_EQ(losses[0].worker, 3);
    std::optional<SignalClaim> claim = one.claim();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->routing.number, 18);
}

}  // namespace
}  // namespace geventd::shm
