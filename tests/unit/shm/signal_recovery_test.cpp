// SPDX-License-Identifier: MIT
#include "shm/signal_migration.h"
#include "signal_support.h"

namespace geventd::shm {
namespace {

constexpr SignalShape kShape{5, 16, 4096};
constexpr std::uint8_t kNumber = SignalFamily::kNumber;

TEST(SignalRecovery, ClaimsOfADeadWorkerRunElsewhereAndFinishedOnesDoNot) {
    SignalFamily family(kShape);
    SignalClaimer dead = family.worker(1);
    SignalClaimer other = family.worker(2);
    SignalWriter writer = family.writer(0);
    for (const std::uint64_t id : {1, 2, 3}) {
        ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
    }
    std::optional<SignalClaim> finished = dead.claim();
    dead.begin(*finished);
    dead.finish(*finished, false);
    std::optional<SignalClaim> begun = dead.claim();
    dead.begin(*begun);
    ASSERT_TRUE(dead.claim());
    EXPECT_FALSE(other.claim());
    const Reaped reaped = family.recovery->reap(1);
    EXPECT_EQ(reaped.redelivered, 2U);
    EXPECT_TRUE(family.woken(2));
    std::optional<SignalClaim> second = other.claim();
    std::optional<SignalClaim> third = other.claim();
    ASSERT_TRUE(second && third);
    EXPECT_EQ(id_of(*second), 2U);
    EXPECT_EQ(second->attempts, 1);
    EXPECT_EQ(id_of(*third), 3U);
    EXPECT_EQ(third->attempts, 0) << "its handler had not begun";
    EXPECT_FALSE(other.claim());
    EXPECT_EQ(read_statistics(family.table)[kNumber].redelivered, 2U);
}

TEST(SignalRecovery, HandlerThatKillsItsWorkerTooOftenIsSetAside) {
    SignalFamily family(kShape);
    SignalWriter writer = family.writer(0);
    family.worker(1);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    std::vector<SignalLoss> losses;
    for (unsigned attempt = 0; attempt < SignalFamily::kMaxAttempts; ++attempt) {
        ASSERT_TRUE(losses.empty());
        SignalClaimer victim = family.worker(1);
        std::optional<SignalClaim> claim = victim.claim();
        ASSERT_TRUE(claim);
        EXPECT_EQ(claim->attempts, attempt);
        victim.begin(*claim);
        losses = family.recovery->reap(1).set_aside;
    }
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].attempts, SignalFamily::kMaxAttempts);
    EXPECT_EQ(losses[0].reason, SignalLoss::Reason::Attempts);
    EXPECT_FALSE(family.worker(1).claim());
    const SignalFigures figures = read_statistics(family.table)[kNumber];
    EXPECT_EQ(figures.set_aside, 1U);
    EXPECT_EQ(figures.redelivered, 2U);
    EXPECT_EQ(figures.waiting + figures.running, 0U);
}

TEST(SignalRecovery, SignalTakenBackCannotBeFinishedByItsFormerHolder) {
    SignalFamily family(kShape);
    SignalClaimer ghost = family.worker(1);
    SignalClaimer other = family.worker(2);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    std::optional<SignalClaim> stale = ghost.claim();
    family.recovery->reap(1);
    ghost.begin(*stale);
    ghost.finish(*stale, false);
    EXPECT_EQ(drain(other)[1], 1U);
}

TEST(SignalRecovery, SuccessorDoesNotInheritClaimsAndTheQueueOfTheDeadDrains) {
    SignalFamily family(kShape);
    family.worker(1);
    SignalClaimer other = family.worker(2);
    {
        SignalWriter dead = family.writer(1);
        for (std::uint64_t id = 1; id <= 3; ++id) {
            ASSERT_EQ(send_id(dead, id, 512), SendResult::Accepted);
        }
    }
    family.recovery->reap(1);
    family.worker(1);
    SignalWriter successor = family.writer(1);
    unsigned accepted = 0;
    while (send_id(successor, 100 + accepted, 512) == SendResult::Accepted) {
        ++accepted;
    }
    EXPECT_EQ(accepted, 5U) << "4096 bytes, of which the dead one's three take 1536";
    const std::map<std::uint64_t, unsigned> seen = drain(other);
    EXPECT_EQ(seen.size(), 8U);
    EXPECT_EQ(seen.count(2), 1U);
}

TEST(SignalRecovery, PendingSignalsMoveToALargerTableAsTheyAre) {
    SignalFamily small({3, 4, 4096});
    SignalFamily large({9, 64, 8192});
    SignalClaimer old = small.worker(1);
    large.worker(1);
    SignalClaimer young = large.worker(5);
    SignalWriter from_worker = small.writer(1);
    SignalWriter from_master = small.writer(0);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        ASSERT_EQ(send_id(from_worker, id, 600), SendResult::Accepted);
    }
    ASSERT_EQ(from_master.send({kNumber, {}, true}, 77), SendResult::Accepted);
    ASSERT_EQ(from_master.send({kNumber, {}, true}, 78), SendResult::Accepted);
    std::optional<SignalClaim> held = old.claim();  // the tick: queues are read in order
    ASSERT_TRUE(held);
    std::optional<SignalClaim> running = old.claim();
    ASSERT_TRUE(running);
    SignalWriter target = large.writer(0);
    const Migrated migrated = migrate(small.table, target);
    EXPECT_EQ(migrated.moved, 2U);
    EXPECT_EQ(migrated.left, 0U);
    const std::map<std::uint64_t, unsigned> seen = drain(young);
    EXPECT_EQ(seen, (std::map<std::uint64_t, unsigned>{{2, 1}, {3, 1}}));
    small.recovery->reap(1);  // the old worker is killed: its claim moves as well
    EXPECT_EQ(migrate(small.table, target).moved, 2U);
    std::optional<SignalClaim> tick = young.claim();
    ASSERT_TRUE(tick);
    EXPECT_EQ(tick->sent_at, 77);
    EXPECT_EQ(tick->repeats, 1U);
    EXPECT_EQ(drain(young).size(), 1U);
    EXPECT_FALSE(old.claim());
}

TEST(SignalRecovery, WhatDoesNotFitIntoTheNewTableYetStays) {
    SignalFamily large({3, 8, 4096});
    SignalFamily small({3, 4, 4096});
    large.worker(1);
    SignalClaimer young = small.worker(1);
    SignalWriter writer = large.writer(0);
    for (std::uint64_t id = 1; id <= 6; ++id) {
        ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
    }
    SignalWriter target = small.writer(0);
    EXPECT_EQ(migrate(large.table, target).left, 2U);
    EXPECT_EQ(drain(young).size(), 4U);
    EXPECT_EQ(migrate(large.table, target).moved, 2U);
    EXPECT_EQ(drain(young).size(), 2U);
}

}  // namespace
}  // namespace geventd::shm
