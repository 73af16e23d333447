// SPDX-License-Identifier: MIT
#include <set>

#include "shm/signal_migration.h"
#include "signal_support.h"

// A process is stopped before each of its accesses to shared memory in turn. Others go on working
// while it is stopped, and then it is killed. Afterwards the ledger and the queue must be intact.

namespace geventd::shm {
namespace {

constexpr SignalShape kShape{5, 8, 4096};
constexpr std::uint8_t kNumber = SignalFamily::kNumber;

/// What a killed process has done; in shared memory, so that it outlives the process.
struct Ledger {
    volatile bool accepted[64];
    volatile bool began[64];
    volatile bool finished[64];
};

class Kill : public ::testing::Test {
  protected:
    SharedMemory memory_{sizeof(Ledger)};
    Ledger& ledger_ = *static_cast<Ledger*>(memory_.data());

    void SetUp() override { std::memset(memory_.data(), 0, memory_.size()); }
};

/// No slot and no byte of the queue has leaked: a new writer can fill it completely.
void expect_whole(SignalFamily& family, unsigned process, SignalClaimer& claimer) {
    SignalWriter writer = family.writer(process);
    for (std::uint32_t slot = 0; slot < kShape.slots; ++slot) {
        ASSERT_EQ(send_id(writer, 1000 + slot, kShape.payload_bytes / kShape.slots),
                  SendResult::Accepted)
            << "slot " << slot;
    }
    ASSERT_EQ(send_id(writer, 1), SendResult::QueueFull);
    const std::map<std::uint64_t, unsigned> seen = drain(claimer);
    ASSERT_EQ(seen.size(), kShape.slots);
}

TEST_F(Kill, WriterAtEveryStepLosesNothingAcceptedAndLeaksNothing) {
    unsigned steps = 0;
    for (unsigned step = 1;; ++step) {
        SetUp();
        SignalFamily family(kShape);
        const SignalTarget all{TargetKind::All, 0};
        SignalClaimer other = family.worker(2);
        family.worker(1);
        ASSERT_EQ(family.registry.add(1, 18, all), SignalRegistry::Outcome::Registered);
        ASSERT_EQ(family.registry.add(2, 18, all), SignalRegistry::Outcome::Registered);
        std::map<std::uint64_t, unsigned> seen;
        const auto add = [&](const std::map<std::uint64_t, unsigned>& more) {
            for (const auto& [id, times] : more) {
                seen[id] += times;
            }
        };
        const auto send = [&] {
            SignalWriter writer = family.writer(1);
            for (std::uint64_t id = 1; id <= 4; ++id) {
                ledger_.accepted[id] =
                    send_id(writer, id, id == 2 ? 1500 : 8) == SendResult::Accepted;
            }
            const std::uint64_t id = 5;
            const auto bytes = std::as_bytes(std::span(&id, 1));
            ledger_.accepted[5] = writer.send({18, bytes, false}, 0) == SendResult::Accepted;
            writer.send({kNumber, {}, true}, 0);
            writer.send({kNumber, {}, true}, 0);
        };
        const bool stopped = stop_at_step(step, send, [&] { add(drain(other)); });
        if (!stopped) {
            steps = step - 1;
            break;
        }
        family.recovery->reap(1);
        SignalClaimer successor = family.worker(1);
        family.registry.add(1, 18, all);
        add(drain(other));
        add(drain(successor));
        for (std::uint64_t id = 1; id <= 4; ++id) {
            ASSERT_LE(seen[id], 1U) << "id " << id << ", killed at step " << step;
            ASSERT_TRUE(seen[id] == 1 || !ledger_.accepted[id]) << "id " << id << ", step " << step;
        }
        ASSERT_TRUE(seen[5] == 2 || !ledger_.accepted[5]) << "step " << step;
        expect_whole(family, 1, successor);
    }
    RecordProperty("steps", static_cast<int>(steps));
    std::printf("writer: %u steps\n", steps);
    EXPECT_GT(steps, 60U);
}

TEST_F(Kill, ClaimerAndFinisherAtEveryStepRunAllAndRepeatNothingDone) {
    unsigned steps = 0;
    for (unsigned step = 1;; ++step) {
        SetUp();
        SignalFamily family(kShape);
        SignalClaimer other = family.worker(2);
        SignalClaimer victim = family.worker(1);
        SignalWriter writer = family.writer(0);
        for (std::uint64_t id = 1; id <= 3; ++id) {
            ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
        }
        const auto work = [&] {
            while (std::optional<SignalClaim> claim = victim.claim()) {
                const std::uint64_t id = id_of(*claim);
                victim.begin(*claim);
                ledger_.began[id] = true;
                victim.finish(*claim, false);
                ledger_.finished[id] = true;
            }
            victim.prepare_to_wait();
        };
        std::map<std::uint64_t, unsigned> seen;
        const auto first_half = [&] {
            if (std::optional<SignalClaim> claim = other.claim()) {
                ++seen[id_of(*claim)];
                other.begin(*claim);
                other.finish(*claim, false);
            }
        };
        if (!stop_at_step(step, work, first_half)) {
            steps = step - 1;
            break;
        }
        family.recovery->reap(1);
        for (const auto& [id, times] : drain(other)) {
            seen[id] += times;
        }
        for (std::uint64_t id = 1; id <= 3; ++id) {
            ASSERT_LE(seen[id], 1U);
            ASSERT_TRUE(seen[id] == 1 || ledger_.began[id]) << "lost " << id << " at " << step;
            ASSERT_FALSE(seen[id] == 1 && ledger_.finished[id])
                << "ran again " << id << " at " << step;
        }
        ASSERT_EQ(read_statistics(family.table)[kNumber].waiting, 0U);
        ASSERT_EQ(read_statistics(family.table)[kNumber].running, 0U);
        expect_whole(family, 0, other);
    }
    std::printf("claimer and finisher: %u steps\n", steps);
    EXPECT_GT(steps, 60U);
}

TEST_F(Kill, MasterAtEveryStepOfReapingIsContinuedByItsSuccessor) {
    unsigned steps = 0;
    for (unsigned step = 1;; ++step) {
        SignalFamily family(kShape);
        SignalClaimer other = family.worker(2);
        SignalWriter writer = family.writer(0);
        for (std::uint64_t id = 1; id <= 4; ++id) {
            ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
        }
        std::vector<SignalClaim> claims;
        for (unsigned death = 0; death < SignalFamily::kMaxAttempts; ++death) {
            // The first signal kills three workers one after the other; the second begins once.
            SignalClaimer victim = family.worker(1);
            std::optional<SignalClaim> poison = victim.claim();
            victim.begin(*poison);
            if (death + 1 < SignalFamily::kMaxAttempts) {
                family.recovery->reap(1);
                continue;
            }
            std::optional<SignalClaim> second = victim.claim();
            victim.begin(*second);
            ASSERT_TRUE(victim.claim());
        }
        std::map<std::uint64_t, unsigned> seen;
        const bool stopped = stop_at_step(
            step, [&] { family.recovery->reap(1); }, [&] { seen = drain(other); });
        if (!stopped) {
            steps = step - 1;
            break;
        }
        family.recovery->reap(1);
        while (std::optional<SignalClaim> claim = other.claim()) {
            ++seen[id_of(*claim)];
            EXPECT_EQ(claim->attempts, id_of(*claim) == 2 ? 1 : 0) << "step " << step;
            other.begin(*claim);
            other.finish(*claim, false);
        }
        ASSERT_EQ(seen, (std::map<std::uint64_t, unsigned>{{2, 1}, {3, 1}, {4, 1}}))
            << "step " << step;
        SignalClaimer successor = family.worker(1);
        expect_whole(family, 0, successor);
        expect_whole(family, 1, other);
    }
    std::printf("reaping: %u steps\n", steps);
    EXPECT_GT(steps, 30U);
}

TEST_F(Kill, MasterAtEveryStepOfMigrationDeliversOnceOrOnceMore) {
    unsigned steps = 0;
    for (unsigned step = 1;; ++step) {
        SignalFamily from(kShape);
        SignalFamily to({5, 64, 4096});
        from.worker(1);
        SignalClaimer young = to.worker(1);
        SignalWriter writer = from.writer(1);
        for (std::uint64_t id = 1; id <= 3; ++id) {
            ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
        }
        const auto move = [&] {
            SignalWriter target = to.writer(0);
            migrate(from.table, target);
        };
        std::map<std::uint64_t, unsigned> seen;
        if (!stop_at_step(step, move, [&] { seen = drain(young); })) {
            steps = step - 1;
            break;
        }
        from.recovery->reap(kMasterProcess);
        to.recovery->reap(kMasterProcess);
        move();
        for (const auto& [id, times] : drain(young)) {
            seen[id] += times;
        }
        unsigned repeats = 0;
        for (std::uint64_t id = 1; id <= 3; ++id) {
            ASSERT_GE(seen[id], 1U) << "step " << step;
            repeats += seen[id] - 1;
        }
        ASSERT_LE(repeats, 1U) << "step " << step;
        ASSERT_EQ(read_statistics(from.table)[kNumber].waiting, 0U);
    }
    std::printf("migration: %u steps\n", steps);
    EXPECT_GT(steps, 30U);
}

TEST_F(Kill, MasterAtEveryStepOfRetiringWorkersLosesNoSignal) {
    for (unsigned step = 1;; ++step) {
        SignalFamily family(kShape);
        const SignalTarget third{TargetKind::Worker, 3};
        SignalClaimer one = family.worker(1);
        ASSERT_EQ(family.registry.add(1, 18, third), SignalRegistry::Outcome::Registered);
        SignalWriter writer = family.writer(1);
        ASSERT_EQ(writer.send({18, {}, false}, 0), SendResult::Accepted);
        ASSERT_EQ(writer.send({18, {}, false}, 0), SendResult::Accepted);
        if (!stop_at_step(
                step, [&] { family.recovery->retire_workers_above(2); }, [] {})) {
            ASSERT_GT(step, 10U);
            break;
        }
        family.recovery->reap(kMasterProcess);
        family.recovery->retire_workers_above(2);
        ASSERT_EQ(drain(one)[0], 2U) << "step " << step;
    }
}

TEST_F(Kill, RegisteringWorkerAtEveryStepCanBeDoneAgain) {
    for (unsigned step = 1;; ++step) {
        SignalFamily family(kShape);
        family.recovery->hand_out(1, 1, 1);
        const auto add = [&] { family.registry.add(1, 30, {TargetKind::All, 0}); };
        if (!stop_at_step(step, add, [] {})) {
            ASSERT_GT(step, 4U);
            break;
        }
        family.recovery->reap(1);
        family.recovery->hand_out(1, 1, 1);
        ASSERT_EQ(family.registry.add(1, 30, {TargetKind::All, 0}),
                  SignalRegistry::Outcome::Registered);
        ASSERT_EQ(family.registry.route(30)->kind, TargetKind::All);
    }
}

}  // namespace
}  // namespace geventd::shm
