// SPDX-License-Identifier: MIT
#include <algorithm>

#include "signal_support.h"

namespace geventd::shm {
namespace {

constexpr SignalShape kShape{5, 16, 4096};

TEST(SignalDelivery, AnyWorkerRunsASignalExactlyOnce) {
    SignalFamily family(kShape);
    SignalClaimer one = family.worker(1);
    SignalClaimer two = family.worker(2);
    SignalWriter master = family.writer(0);
    EXPECT_EQ(send_id(master, 7), SendResult::Accepted);
    std::optional<SignalClaim> claim = two.claim();
    ASSERT_TRUE(claim);
    EXPECT_EQ(id_of(*claim), 7U);
    EXPECT_EQ(claim->routing.number, SignalFamily::kNumber);
    EXPECT_FALSE(one.claim());
    two.begin(*claim);
    two.finish(*claim, false);
    EXPECT_FALSE(one.claim());
    EXPECT_FALSE(two.claim());
}

TEST(SignalDelivery, AFullQueueRefusesAtOnceAndTakesAgainWhateverSlotIsFinished) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    SignalWriter writer = family.writer(1);
    for (std::uint64_t id = 1; id <= kShape.slots; ++id) {
        ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
    }
    EXPECT_EQ(send_id(writer, 99), SendResult::QueueFull);
    std::vector<SignalClaim> claims;
    while (std::optional<SignalClaim> claim = worker.claim()) {
        claims.push_back(*claim);
    }
    ASSERT_EQ(claims.size(), kShape.slots);
    EXPECT_EQ(send_id(writer, 99), SendResult::QueueFull);
    worker.finish(claims[9], false);  // the others still run: no head-of-line blocking
    EXPECT_EQ(send_id(writer, 100), SendResult::Accepted);
    EXPECT_EQ(send_id(writer, 101), SendResult::QueueFull);
    std::optional<SignalClaim> next = worker.claim();
    ASSERT_TRUE(next);
    EXPECT_EQ(id_of(*next), 100U);
    EXPECT_EQ(read_statistics(family.table)[SignalFamily::kNumber].refused, 3U);
}

TEST(SignalDelivery, FullPayloadAreaRefusesAndIsGivenBackInAnyOrder) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    SignalWriter writer = family.writer(0);
    for (std::uint64_t id = 1; id <= 4; ++id) {
        ASSERT_EQ(send_id(writer, id, 1024), SendResult::Accepted);
    }
    EXPECT_EQ(send_id(writer, 5), SendResult::QueueFull);
    EXPECT_EQ(writer.send({SignalFamily::kNumber, {}, false}, 0), SendResult::Accepted);
    worker.claim();
    std::optional<SignalClaim> second = worker.claim();
    worker.finish(*second, false);
    EXPECT_EQ(send_id(writer, 6, 1024), SendResult::Accepted);
    EXPECT_EQ(send_id(writer, 7), SendResult::QueueFull);
}

TEST(SignalDelivery, PayloadArrivesWholeAndItsLimitIsKept) {
    SignalFamily family({2, 4, 256 << 10});
    SignalClaimer worker = family.worker(1);
    SignalWriter writer = family.writer(0);
    std::vector<std::byte> payload(kMaxSignalPayload);
    for (std::size_t at = 0; at < payload.size(); ++at) {
        payload[at] = static_cast<std::byte>(at * 31);
    }
    ASSERT_EQ(writer.send({SignalFamily::kNumber, payload, false}, 5), SendResult::Accepted);
    std::optional<SignalClaim> claim = worker.claim();
    ASSERT_TRUE(claim);
    EXPECT_TRUE(
        std::equal(payload.begin(), payload.end(), claim->payload.begin(), claim->payload.end()));
    EXPECT_EQ(claim->sent_at, 5);
    EXPECT_EQ(claim->sender_pid, ::getpid());
    payload.resize(kMaxSignalPayload + 1);
    EXPECT_EQ(writer.send({SignalFamily::kNumber, payload, false}, 0), SendResult::PayloadTooLarge);
}

TEST(SignalDelivery, NumberedTargetWaitsForThatWorkersSuccessor) {
    SignalFamily family(kShape);
    const SignalTarget second{TargetKind::Worker, 2};
    SignalClaimer one = family.worker(1, second);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_FALSE(one.claim());
    SignalClaimer successor = family.worker_of(1, 4, 2, second);
    ASSERT_TRUE(successor.claim());
}

TEST(SignalDelivery, SignalToAllReachesEachReadyWorkerOnce) {
    SignalFamily family(kShape);
    const SignalTarget all{TargetKind::All, 0};
    SignalClaimer one = family.worker(1, all);
    SignalClaimer two = family.worker(2, all);
    SignalClaimer draining = family.worker(3, all);
    draining.accept(false);
    SignalWriter writer = family.writer(1);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_EQ(drain(one)[1], 1U);
    EXPECT_EQ(drain(two)[1], 1U);
    draining.accept(true);
    EXPECT_FALSE(draining.claim());
    EXPECT_EQ(read_statistics(family.table)[SignalFamily::kNumber].handled, 2U);
}

TEST(SignalDelivery, AWorkerAndItsSuccessorGetOneCopy) {
    SignalFamily family(kShape);
    const SignalTarget all{TargetKind::All, 0};
    SignalClaimer old = family.worker_of(1, 1, 1, all);
    SignalClaimer successor = family.worker_of(1, 2, 1, all);
    SignalWriter writer = family.writer(kMasterProcess);
    EXPECT_EQ(send_id(writer, 7), SendResult::Accepted);
    EXPECT_EQ(drain(old).size() + drain(successor).size(), 1U);
}

TEST(SignalDelivery, AnAbsorbedSignalCountsAsCoalesced) {
    SignalFamily family(kShape);
    SignalClaimer claimer = family.worker(1);
    SignalWriter writer = family.writer(kMasterProcess);
    send_id(writer, 7);
    const auto claim = claimer.claim();
    ASSERT_TRUE(claim);
    claimer.absorb(*claim);
    const SignalFigures figures = read_statistics(family.table)[SignalFamily::kNumber];
    EXPECT_EQ(figures.coalesced, 1U);
    EXPECT_EQ(figures.handled + figures.running + figures.waiting, 0U);
}

TEST(SignalDelivery, OneIsFirstToMissANumber) {
    SignalFamily family(kShape);
    EXPECT_TRUE(family.registry.first_miss(90));
    EXPECT_FALSE(family.registry.first_miss(90));
    EXPECT_TRUE(family.registry.first_miss(91));
}

TEST(SignalDelivery, SignalToAllIsAcceptedWholeOrNotAtAll) {
    SignalFamily family({4, 4, 4096});
    const SignalTarget all{TargetKind::All, 0};
    SignalClaimer one = family.worker(1, all);
    SignalClaimer two = family.worker(2, all);
    SignalClaimer three = family.worker(3, all);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_EQ(send_id(writer, 2), SendResult::QueueFull);
    EXPECT_EQ(drain(one).size() + drain(two).size() + drain(three).size(), 3U);
}

TEST(SignalDelivery, SignalToAllWhileNobodyIsReadyGoesToTheFirstThatComes) {
    SignalFamily family(kShape);
    const SignalTarget all{TargetKind::All, 0};
    SignalClaimer one = family.worker(1, all);
    one.accept(false);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    SignalClaimer two = family.worker(2, all);
    EXPECT_EQ(drain(two)[1], 1U);
    one.accept(true);
    EXPECT_FALSE(one.claim());
}

TEST(SignalDelivery, WorkerWithoutTheHandlerLeavesTheSignalToOthers) {
    SignalFamily family(kShape);
    SignalClaimer with = family.worker(1);
    family.recovery->hand_out(2, 1, 2);
    SignalClaimer without(family.table, 2);
    without.accept(true);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_FALSE(without.claim());
    EXPECT_FALSE(without.claim());
    ASSERT_EQ(family.registry.add(2, SignalFamily::kNumber, {}),
              SignalRegistry::Outcome::Registered);
    without.rescan();
    EXPECT_TRUE(without.claim());
}

TEST(SignalDelivery, NumberThatNobodyRegisteredIsCountedAndNotQueued) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    SignalWriter writer = family.writer(0);
    EXPECT_EQ(writer.send({99, {}, false}, 0), SendResult::Unregistered);
    const SignalStatistics statistics = read_statistics(family.table);
    EXPECT_EQ(statistics[99].unregistered, 1U);
    EXPECT_EQ(statistics[99].waiting, 0U);
}

TEST(SignalDelivery, UndeliveredTicksCoalesceAndAClaimedOneDoesNotAbsorb) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    SignalWriter master = family.writer(0);
    const OutgoingSignal tick{SignalFamily::kNumber, {}, true};
    for (int repeat = 0; repeat < 3; ++repeat) {
        EXPECT_EQ(master.send(tick, 0), SendResult::Accepted);
    }
    std::optional<SignalClaim> claim = worker.claim();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->repeats, 2U);
    EXPECT_FALSE(worker.claim());
    EXPECT_EQ(master.send(tick, 0), SendResult::Accepted);
    EXPECT_TRUE(worker.claim());
    EXPECT_EQ(read_statistics(family.table)[SignalFamily::kNumber].coalesced, 2U);
}

TEST(SignalDelivery, TicksToAllCoalesceForThoseWorkersOnlyThatStillHaveOneWaiting) {
    SignalFamily family(kShape);
    const SignalTarget all{TargetKind::All, 0};
    SignalClaimer one = family.worker(1, all);
    SignalClaimer two = family.worker(2, all);
    SignalWriter master = family.writer(0);
    const OutgoingSignal tick{SignalFamily::kNumber, {}, true};
    EXPECT_EQ(master.send(tick, 0), SendResult::Accepted);
    EXPECT_EQ(drain(one)[0], 1U);
    EXPECT_EQ(master.send(tick, 0), SendResult::Accepted);
    EXPECT_EQ(drain(one)[0], 1U);
    EXPECT_EQ(drain(two)[0], 1U);
}

TEST(SignalDelivery, NewMasterStillCoalescesWithThePredecessorsTicks) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    const OutgoingSignal tick{SignalFamily::kNumber, {}, true};
    {
        SignalWriter old_master = family.writer(0);
        EXPECT_EQ(old_master.send(tick, 0), SendResult::Accepted);
    }
    SignalWriter master = family.writer(0);
    EXPECT_EQ(master.send(tick, 0), SendResult::Accepted);
    EXPECT_EQ(drain(worker)[0], 1U);
}

TEST(SignalDelivery, SlotsOfASlowLapAreFoundAfterManyLaps) {
    SignalFamily family(kShape);
    const SignalTarget second{TargetKind::Worker, 2};
    SignalClaimer one = family.worker(1);
    ASSERT_EQ(family.registry.add(1, 18, second), SignalRegistry::Outcome::Registered);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(writer.send({18, {}, false}, 0), SendResult::Accepted);
    for (std::uint64_t id = 1; id < 1000; ++id) {
        ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
        ASSERT_EQ(drain(one)[id], 1U);
    }
    SignalClaimer two = family.worker(2);
    ASSERT_EQ(family.registry.add(2, 18, second), SignalRegistry::Outcome::Registered);
    std::optional<SignalClaim> claim = two.claim();
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->routing.number, 18U);
}

TEST(SignalDelivery, StatisticsSayWhatRunsWhatWaitsAndSinceWhen) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    SignalWriter writer = family.writer(0);
    for (const std::int64_t now : {300, 100, 200}) {
        ASSERT_EQ(writer.send({SignalFamily::kNumber, {}, false}, now), SendResult::Accepted);
    }
    std::optional<SignalClaim> claim = worker.claim();
    const SignalFigures busy = read_statistics(family.table)[SignalFamily::kNumber];
    EXPECT_EQ(busy.running, 1U);
    EXPECT_EQ(busy.waiting, 2U);
    EXPECT_EQ(busy.oldest, 100);
    worker.finish(*claim, true);
    drain(worker);
    const SignalFigures idle = read_statistics(family.table)[SignalFamily::kNumber];
    EXPECT_EQ(idle.accepted, 3U);
    EXPECT_EQ(idle.failed, 1U);
    EXPECT_EQ(idle.handled, 2U);
    EXPECT_EQ(idle.running + idle.waiting, 0U);
    EXPECT_FALSE(idle.oldest);
}

TEST(SignalTable, NeedsMemoryForItsShape) {
    SignalFamily family(kShape);
    EXPECT_THROW(SignalTable::open(family.memory.data(), 4096, kShape), std::invalid_argument);
    EXPECT_THROW(SignalTable::format(family.memory.data(), 4096, kShape), std::invalid_argument);
}

TEST(SignalTable, StateWordsKeepTheirFields) {
    const SignalState state{SignalPhase::Running, 200, 1024, 65535, SignalState::kTagMask};
    const SignalState read = SignalState::unpack(state.pack());
    EXPECT_EQ(read.phase, SignalPhase::Running);
    EXPECT_EQ(read.attempts, 200);
    EXPECT_EQ(read.claimer, 1024);
    EXPECT_EQ(read.incarnation, 65535);
    EXPECT_EQ(read.tag, SignalState::kTagMask);
    const SignalRouting routing{255, true, {TargetKind::Copy, 65535}, 513};
    const SignalRouting back = SignalRouting::unpack(routing.pack());
    EXPECT_EQ(back.number, 255);
    EXPECT_TRUE(back.tick);
    EXPECT_EQ(back.target, routing.target);
    EXPECT_EQ(back.sender, 513);
}

TEST(SignalArena, GivesBackInAnyOrderAndRebuildsFromWhatIsHeld) {
    SignalArena arena(640);
    const auto first = arena.take(100);
    const auto second = arena.take(64);
    const auto third = arena.take(64 * 7);
    ASSERT_TRUE(first && second && third);
    EXPECT_FALSE(arena.take(1));
    arena.give(*second, 64);
    EXPECT_FALSE(arena.take(65));
    EXPECT_EQ(arena.take(64), second);
    SignalArena successor(640);
    successor.hold(*third, 64 * 7);
    EXPECT_TRUE(successor.take(64 * 3));
    EXPECT_FALSE(successor.take(1));
}

}  // namespace
}  // namespace geventd::shm
