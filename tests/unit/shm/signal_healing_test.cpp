// SPDX-License-Identifier: MIT
// Whatever somebody else overwrote in the memory of signals and locks is restored by its owner, or
// found during repairs.
#include <optional>

#include "shm/lock_client.h"
#include "shm/signal_inspection.h"
#include "shm/signal_migration.h"
#include "signal_support.h"

namespace geventd::shm {
namespace {

constexpr SignalShape kShape{5, 16, 4096};
constexpr LockShape kLocks{6, 5};
constexpr std::uint8_t kNumber = SignalFamily::kNumber;

class SignalHealing : public testing::Test {
  protected:
    SignalHealing() {
        for (unsigned process = 1; process < kShape.processes; ++process) {
            family_.worker(process);
        }
    }

    ~SignalHealing() override { step_hook = nullptr; }

    LockClient client(unsigned process) { return LockClient(locks_, process, 1, *family_.waker); }

    void send_some(unsigned process) {
        SignalWriter writer = family_.writer(process);
        for (std::uint64_t id = 1; id <= 4; ++id) {
            ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
        }
    }

    SignalFamily family_{kShape};
    SharedMemory lock_memory_{LockTable::bytes(kLocks)};
    LockTable locks_ = LockTable::open(lock_memory_.data(), lock_memory_.size(), kLocks);
    SignalInspection inspection_{*family_.recovery, locks_};
};

const std::map<std::uint64_t, unsigned> kFourOnce = {{1, 1}, {2, 1}, {3, 1}, {4, 1}};

TEST_F(SignalHealing, OfAHeadKeepsWhatASuccessorTakesOver) {
    send_some(1);
    family_.table.queue(1).ends->head.store(0);
    family_.recovery->reap(1);
    family_.recovery->hand_out(1, 1, 1);
    SignalWriter successor = family_.writer(1);
    ASSERT_EQ(send_id(successor, 9), SendResult::Accepted);
    SignalClaimer claimer(family_.table, 2);
    auto expected = kFourOnce;
    expected[9] = 1;
    EXPECT_EQ(drain(claimer), expected);
}

TEST_F(SignalHealing, OfAHeadTakesClaimsOfTheDeadBack) {
    send_some(1);
    SignalClaimer claimer(family_.table, 2);
    for (int claims = 0; claims < 4; ++claims) {
        ASSERT_TRUE(claimer.claim());
    }
    family_.table.queue(1).ends->head.store(0);
    EXPECT_EQ(family_.recovery->reap(2).redelivered, 4U);
}

TEST_F(SignalHealing, OfAHeadLeavesNothingBehindInAFormerMemory) {
    send_some(1);
    family_.table.queue(1).ends->head.store(0);
    EXPECT_EQ(read_statistics(family_.table)[kNumber].waiting, 4U);
    SignalFamily other(kShape);
    SignalWriter to = other.writer(kMasterProcess);
    EXPECT_EQ(migrate(family_.table, to).moved, 4U);
}

TEST_F(SignalHealing, OfAHeadIsItsOwnersWhileThatLives) {
    SignalWriter writer = family_.writer(1);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    family_.table.queue(1).ends->head.store(0);
    SignalClaimer claimer(family_.table, 2);
    EXPECT_TRUE(writer.reassert());
    EXPECT_FALSE(writer.reassert());
    EXPECT_EQ(drain(claimer).count(1), 1U);
}

TEST_F(SignalHealing, OfAHeadThatWasNeverSeenIsDamageAllTheSame) {
    send_some(1);
    family_.table.queue(1).ends->head.store(0);
    std::string damage;
    for (unsigned turn = 0; turn < kShape.processes && damage.empty(); ++turn) {
        damage = inspection_.look();
    }
    EXPECT_EQ(damage, "the head of a queue");
}

TEST_F(SignalHealing, OfExtentsGivesBackTheRoomThatWasTaken) {
    SignalWriter writer = family_.writer(1);
    SignalClaimer claimer(family_.table, 2);
    const SignalQueue queue = family_.table.queue(1);
    for (std::uint64_t round = 1; round <= 20; ++round) {
        ASSERT_EQ(send_id(writer, round, 4096), SendResult::Accepted) << "in round " << round;
        const std::uint32_t slot = queue.slot(queue.ends->head.load() - 1);
        ASSERT_EQ(drain(claimer).size(), 1U);
        queue.bodies[slot].payload.store(SignalExtent{64, 64}.pack());
    }
}

/// A racing worker overwrites what the master has just checked and claimed.
std::optional<SignalQueue> raced;

void overwrite_what_is_held() {
    step_hook = nullptr;
    for (std::uint32_t slot = 0; slot <= raced->mask; ++slot) {
        if (SignalState::unpack(raced->states[slot].load()).held()) {
            raced->bodies[slot].routing.store(
                SignalRouting{3, false, {TargetKind::All, 9}, 0}.pack());
            raced->bodies[slot].payload.store(SignalExtent{4090, 64}.pack());
        }
    }
    step_hook = overwrite_what_is_held;
}

TEST_F(SignalHealing, OfARoutingPutsNothingImpossibleIntoTheNewMemory) {
    send_some(1);
    SignalFamily other(kShape);
    SignalWriter to = other.writer(kMasterProcess);
    raced = family_.table.queue(1);
    step_hook = overwrite_what_is_held;
    EXPECT_EQ(migrate(family_.table, to).moved, 0U);
    step_hook = nullptr;
    EXPECT_EQ(read_statistics(other.table)[3].waiting, 0U);
    EXPECT_EQ(read_statistics(family_.table)[3].waiting, 4U);
}

TEST_F(SignalHealing, OfARoutingLetsAWorkerClaimNothingImpossible) {
    send_some(1);
    SignalClaimer claimer(family_.table, 2);
    raced = family_.table.queue(1);
    step_hook = overwrite_what_is_held;
    EXPECT_FALSE(claimer.claim());
    step_hook = nullptr;
    EXPECT_EQ(claimer.held(), 0U);
}

TEST_F(SignalHealing, OfRegistrationsIsDoneByEachWorker) {
    SignalRegistrations mine(family_.table, 1);
    ASSERT_EQ(mine.add(kNumber, {}), SignalRegistry::Outcome::Registered);
    SignalRow& row = family_.table.header().rows[0];
    row.targets[kNumber].store(0);
    EXPECT_FALSE(family_.registry.route(kNumber));
    EXPECT_FALSE(mine.reassert());
    EXPECT_EQ(family_.registry.route(kNumber), SignalTarget{});
    row.registered[kNumber / 64].store(0);
    mine.reassert();
    EXPECT_EQ(family_.registry.route(kNumber), SignalTarget{});
    family_.table.process(1).handlers[1].store(7);
    EXPECT_TRUE(mine.reassert());
    EXPECT_EQ(family_.table.process(1).handlers[1].load(), 0U);
    EXPECT_EQ(inspection_.look(), "");
}

TEST_F(SignalHealing, OfATargetThatIsAnotherNowIsTheMastersTask) {
    SignalRegistrations mine(family_.table, 1);
    ASSERT_EQ(mine.add(kNumber, {}), SignalRegistry::Outcome::Registered);
    const SignalTarget other{TargetKind::Worker, 2};
    family_.table.header().rows[0].targets[kNumber].store(other.pack() + 1);
    EXPECT_EQ(inspection_.look(), "");
    mine.reassert();
    EXPECT_EQ(inspection_.look(), "the registrations of a generation");
}

TEST_F(SignalHealing, LeavesTheRowsOfLaterGenerationsAlone) {
    SignalRegistrations mine(family_.table, 1);
    ASSERT_EQ(mine.add(kNumber, {}), SignalRegistry::Outcome::Registered);
    family_.recovery->begin(2);
    family_.recovery->serve(2);
    family_.table.header().rows[0].targets[kNumber].store(0);
    mine.reassert();
    EXPECT_EQ(family_.table.header().rows[0].targets[kNumber].load(), 0U);
}

TEST_F(SignalHealing, OfTheMarkThatAWorkerTakesSignals) {
    SignalClaimer claimer(family_.table, 2);
    claimer.accept(true);
    family_.table.process(2).accepting.store(0);
    EXPECT_TRUE(claimer.reassert());
    EXPECT_FALSE(claimer.reassert());
    EXPECT_TRUE(family_.registry.takes_signals(2));
}

TEST_F(SignalHealing, OfATicketOfWhoDoesNotWaitFreesTheLock) {
    LockClient one = client(1);
    LockClient two = client(2);
    LockClient three = client(3);
    one.cancel(0, one.enqueue(0));
    locks_.shown(0, 1).store(1);
    const std::uint64_t ticket = two.enqueue(0);
    EXPECT_FALSE(two.advance(0));
    EXPECT_FALSE(three.try_acquire(0));
    family_.woken(2);
    one.reassert();
    EXPECT_TRUE(family_.woken(2));
    EXPECT_EQ(two.advance(0), ticket);
}

TEST_F(SignalHealing, OfATicketIsDoneByTheNextWhoWantsTheLockThere) {
    LockClient one = client(1);
    one.cancel(0, one.enqueue(0));
    locks_.shown(0, 1).store(1);
    EXPECT_TRUE(one.try_acquire(0));
}

TEST_F(SignalHealing, OfATicketThatIsGoneLetsItsOwnerHaveTheLock) {
    LockClient one = client(1);
    const std::uint64_t ticket = one.enqueue(0);
    locks_.shown(0, 1).store(0);
    EXPECT_EQ(one.advance(0), ticket);
    LockClient two = client(2);
    const std::uint64_t second = two.enqueue(1);
    locks_.cell(1).tickets.store(0);
    EXPECT_EQ(two.advance(1), second);
}

TEST_F(SignalHealing, OfATicketWhereNobodyEverWaitedIsNotNeeded) {
    LockClient one = client(1);
    LockClient two = client(2);
    locks_.shown(0, 2).store(1);
    EXPECT_TRUE(one.try_acquire(0));
}

TEST_F(SignalHealing, FreesALockThatNobodyTook) {
    LockClient one = client(1);
    LockClient two = client(2);
    locks_.cell(0).holder.store(LockHolder{1, 1}.pack());
    EXPECT_FALSE(two.try_acquire(0));
    one.reassert();
    EXPECT_TRUE(two.try_acquire(0));
    ASSERT_TRUE(one.try_acquire(1));
    one.reassert();
    EXPECT_TRUE(one.holds(1));
}

TEST_F(SignalHealing, JoinsThoseWhoUseLocksAgain) {
    LockClient one = client(1);
    LockClient three = client(3);
    const std::uint64_t ticket = three.enqueue(0);
    static_cast<Word<std::uint32_t>*>(lock_memory_.data())->store(1);
    three.reassert();
    EXPECT_FALSE(one.try_acquire(0));
    EXPECT_EQ(three.advance(0), ticket);
}

/// Only damaged memory has targets other than processes, but each costs the master time.
TEST(SignalWatchCost, IsBoundedWhateverIsInTheQueues) {
    constexpr unsigned kProcesses = 64;
    constexpr unsigned kSlots = 1024;
    SignalFamily family(SignalShape{kProcesses, kSlots, 256});
    for (unsigned process = 1; process < kProcesses; ++process) {
        family.worker(process);
    }
    SignalWriter writer(family.recovery->table(), kMasterProcess, *family.waker);
    for (unsigned worker = 1; worker <= kSlots; ++worker) {
        SignalClaim claim;
        claim.routing.number = kNumber;
        claim.routing.target = {TargetKind::Copy, static_cast<std::uint16_t>(1000 + worker)};
        ASSERT_TRUE(writer.forward(claim));
    }
    SignalWatch watch(family.recovery->table(), *family.waker);
    static unsigned steps = 0;
    steps = 0;
    step_hook = [] { ++steps; };
    watch.tick(1'000'000'000);
    step_hook = nullptr;
    EXPECT_LT(steps, 16 * (kSlots + kProcesses));
}

}  // namespace
}  // namespace geventd::shm
