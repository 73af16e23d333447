// SPDX-License-Identifier: MIT
// Everything that reads the memory of signals and locks, over memory with arbitrary contents.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>

#include "shm/lock_client.h"
#include "shm/signal_inspection.h"
#include "shm/signal_migration.h"
#include "signal_support.h"

namespace geventd::shm {
namespace {

constexpr SignalShape kShape{5, 16, 4096};
constexpr LockShape kLocks{6, 5};
constexpr std::uint8_t kNumber = SignalFamily::kNumber;

/// Words near the ends of ranges.
constexpr std::uint64_t kEnds[] = {0,
                                   1,
                                   5,
                                   0xff,
                                   0xffff'ffff,
                                   std::uint64_t{1} << 32,
                                   std::uint64_t{1} << 62,
                                   std::uint64_t{1} << 63,
                                   (std::uint64_t{1} << 63) - 1,
                                   std::numeric_limits<std::uint64_t>::max() - 1,
                                   std::numeric_limits<std::uint64_t>::max()};

class SignalDamage : public testing::Test {
  protected:
    SignalDamage() {
        for (unsigned process = 1; process < kShape.processes; ++process) {
            family_.worker(process, {TargetKind::All, 0});
        }
    }

    [[nodiscard]] bool is_in_memory(std::span<const std::byte> payload) const {
        const auto* begin = static_cast<const std::byte*>(family_.memory.data());
        return payload.empty() || (payload.data() >= begin && payload.data() + payload.size() <=
                                                                  begin + family_.memory.size());
    }

    void overwrite(const SharedMemory& memory) {
        auto* words = static_cast<std::uint64_t*>(memory.data());
        const std::size_t count = memory.size() / sizeof(std::uint64_t);
        const std::uint64_t kind = random_() % 8;
        const std::size_t writes = kind == 0 ? count : kind == 1 ? 1 : 200;
        for (std::size_t write = 0; write < writes; ++write) {
            const std::size_t at = kind == 0 ? write : random_() % count;
            words[at] = kind % 2 == 0 ? random_() : kEnds[random_() % std::size(kEnds)];
        }
    }

    void play_worker(unsigned process) {
        SignalClaimer claimer(family_.table, process);
        SignalWriter writer = family_.writer(process);
        claimer.accept(true);
        send_all(writer);
        std::size_t claims = 0;
        while (auto claim = claimer.claim()) {
            ASSERT_LE(++claims, std::size_t{kShape.processes} * kShape.slots * 2);
            ASSERT_TRUE(is_in_memory(claim->payload));
            claimer.begin(*claim);
            claims % 2 == 0 ? claimer.finish(*claim, false) : claimer.absorb(*claim);
        }
        claimer.prepare_to_wait();
        claimer.rescan();
        play_locks(process);
    }

    void play_locks(unsigned process) {
        LockClient client(locks_, process, 1, *family_.waker);
        for (unsigned lock = 0; lock < kLocks.locks; ++lock) {
            client.try_acquire(lock);
            const std::uint64_t ticket = client.enqueue(lock);
            client.advance(lock);
            client.cancel(lock, ticket);
            client.release(lock);
        }
    }

    void send_all(SignalWriter& writer) {
        const std::vector<std::byte> payload(random_() % 700);
        for (const bool tick : {false, true, true}) {
            writer.send({kNumber, tick ? std::span<const std::byte>() : payload, tick}, now());
            writer.send({static_cast<std::uint8_t>(random_()), {}, tick}, now());
        }
    }

    std::int64_t now() { return static_cast<std::int64_t>(random_() >> 1); }

    void play_master(SignalWriter& writer, SignalWatch& watch, SignalInspection& inspection) {
        SignalRecovery& recovery = *family_.recovery;
        send_all(writer);
        watch.tick(now());
        inspection.look();
        read_statistics(recovery.table());
        for (unsigned lock = 0; lock < kLocks.locks; ++lock) {
            const auto holder = locks_.holder(lock);
            EXPECT_TRUE(!holder || holder->process < kShape.processes);
            EXPECT_LE(locks_.waiting(lock), kShape.processes);
        }
        const auto process = static_cast<unsigned>(1 + random_() % (kShape.processes - 1));
        recovery.reap(process);
        locks_.reap(process, [this](unsigned waiter) { family_.waker->poke(waiter); });
        recovery.hand_out(process, generation_, process);
        family_.registry.add(process, kNumber, {});
        if (random_() % 16 == 0) {
            recovery.begin(++generation_);
            recovery.serve(generation_);
            recovery.set_aside_unregistered();
        }
        recovery.retire_workers_above(static_cast<unsigned>(random_() % 5));
        static_cast<void>(family_.registry.first_miss(static_cast<std::uint8_t>(random_())));
        move_out(recovery);
    }

    void move_out(SignalRecovery& recovery) {
        SignalFamily other(kShape);
        SignalWriter to = other.writer(kMasterProcess);
        EXPECT_LE(migrate(recovery.table(), to).moved, kShape.slots);
    }

    std::string look() {
        std::string damage;
        for (unsigned turn = 0; turn < kShape.processes && damage.empty(); ++turn) {
            damage = inspection_.look();
        }
        return damage;
    }

    template <typename T>
    void expect_seen(Word<T>& word, T value, const char* what) {
        const T before = word.load();
        word.store(value);
        EXPECT_EQ(look(), what);
        word.store(before);
        EXPECT_EQ(look(), "");
    }

    std::mt19937_64 random_{20'260'101};
    SignalFamily family_{kShape};
    SharedMemory lock_memory_{LockTable::bytes(kLocks)};
    LockTable locks_ = LockTable::open(lock_memory_.data(), lock_memory_.size(), kLocks);
    SignalInspection inspection_{*family_.recovery, locks_};
    std::uint32_t generation_ = 1;
};

TEST_F(SignalDamage, HarmsNoReaderAndNoWriter) {
    constexpr int kRounds = 4000;
    SignalWriter writer(family_.recovery->table(), kMasterProcess, *family_.waker);
    SignalWatch watch(family_.recovery->table(), *family_.waker);
    SignalInspection inspection(*family_.recovery, locks_);
    for (int round = 0; round < kRounds && !HasFatalFailure(); ++round) {
        overwrite(round % 3 == 0 ? lock_memory_ : family_.memory);
        play_master(writer, watch, inspection);
        play_worker(static_cast<unsigned>(1 + random_() % (kShape.processes - 1)));
    }
}

TEST_F(SignalDamage, OfAllBytesIsSeen) {
    EXPECT_EQ(inspection_.look(), "");
    auto* words = static_cast<std::uint64_t*>(family_.memory.data());
    std::generate_n(words, family_.memory.size() / sizeof *words, std::ref(random_));
    EXPECT_NE(inspection_.look(), "");
}

// What each of these words decides.

TEST_F(SignalDamage, IsSeenInWhatTheMasterHasSaid) {
    SignalHeader& header = family_.table.header();
    expect_seen(header.in_use, 0U, "the number of processes");
    expect_seen(header.in_use, 0xffff'ffffU, "the number of processes");
    expect_seen(header.serving, std::uint64_t{0xff}, "the generation that serves");
    expect_seen(header.generations[0], 9U, "the registrations of a generation");
    expect_seen(family_.table.process(2).incarnation, 9U, "the slot of a process");
    expect_seen(family_.table.process(2).generation, 9U, "the slot of a process");
    expect_seen(family_.table.process(2).accepting, 2U, "the slot of a process");
}

TEST_F(SignalDamage, IsSeenInRegistrations) {
    constexpr const char* kWhat = "the registrations of a generation";
    SignalRow& row = family_.table.header().rows[0];
    expect_seen(row.targets[kNumber], 0U, kWhat);
    expect_seen(row.targets[kNumber], 0x5555'5555U, kWhat);
    expect_seen(row.targets[3], SignalTarget{TargetKind::Worker, 0}.pack() + 1, kWhat);
    expect_seen(row.registered[0], std::uint64_t{0}, kWhat);
    expect_seen(row.registered[3], std::uint64_t{1}, kWhat);
    expect_seen(family_.table.process(2).handlers[2], std::uint64_t{1}, kWhat);
    expect_seen(family_.table.process(2).conflict, 1U, kWhat);
}

TEST_F(SignalDamage, IsSeenInLocks) {
    constexpr const char* kUsers = "the number of lock users";
    constexpr const char* kRow = "the queue of a lock";
    locks_.join(3);
    locks_.cell(3).tickets.store(2);
    EXPECT_EQ(look(), "");
    expect_seen(*static_cast<Word<std::uint32_t>*>(lock_memory_.data()), 1U, kUsers);
    expect_seen(locks_.cell(3).tickets, kMostTicket + 1, "the tickets of a lock");
    expect_seen(locks_.shown(3, 2), std::uint64_t{3}, kRow);
    expect_seen(locks_.shown(3, 4), std::uint64_t{1}, kRow);
    expect_seen(locks_.cell(3).holder, std::uint64_t{1}, "the holder of a lock");
    expect_seen(locks_.cell(3).holder, LockHolder{7, 1}.pack(), "the holder of a lock");
}

TEST_F(SignalDamage, IsSeenInQueues) {
    SignalWriter writer = family_.writer(1);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    const SignalQueue queue = family_.table.queue(1);
    const std::uint32_t slot = queue.slot(queue.ends->head.load() - 1);
    EXPECT_EQ(look(), "");
    expect_seen(queue.ends->head, std::uint64_t{0}, "the head of a queue");
    expect_seen(queue.ends->head, std::uint64_t{1} << 63, "the head of a queue");
    expect_seen(queue.states[slot], std::uint64_t{7}, "a signal");
    expect_seen(queue.states[slot], SignalState{SignalPhase::Claimed, 0, 900, 1, 1}.pack(),
                "a signal");
    expect_seen(queue.bodies[slot].payload, SignalExtent{4090, 64}.pack(), "a signal");
    expect_seen(queue.bodies[slot].routing,
                SignalRouting{kNumber, false, {TargetKind::All, 0}, 0}.pack(), "a signal");
}

TEST_F(SignalDamage, OfAHeadDoesNotHideLaterSignals) {
    SignalClaimer claimer(family_.table, 2);
    claimer.accept(true);
    {
        const SignalQueue queue = family_.table.queue(kMasterProcess);
        queue.ends->head.store(std::numeric_limits<std::uint64_t>::max());
        EXPECT_FALSE(claimer.claim());
    }
    SignalWriter writer = family_.writer(kMasterProcess);
    ASSERT_EQ(send_id(writer, 7), SendResult::Accepted);
    EXPECT_EQ(drain(claimer).count(7), 1U);
}

TEST_F(SignalDamage, OfASlotThatIsFreedByWhoMayNotLetsNoListOfTicksGrow) {
    SignalWriter writer(family_.recovery->table(), kMasterProcess, *family_.waker);
    const SignalQueue queue = family_.table.queue(kMasterProcess);
    for (int round = 0; round < 1000; ++round) {
        ASSERT_EQ(writer.send({kNumber, {}, true}, 0), SendResult::Accepted);
        for (std::uint32_t slot = 0; slot < kShape.slots; ++slot) {
            queue.states[slot].store(0);
        }
    }
    EXPECT_LE(writer.ticks(), kShape.slots);
}

}  // namespace
}  // namespace geventd::shm
