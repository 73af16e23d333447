// SPDX-License-Identifier: MIT
#include "shm/lock_table.h"

#include <memory>
#include <random>

#include "shm/lock_client.h"
#include "signal_support.h"

namespace geventd::shm {
namespace {

constexpr unsigned kProcesses = 5;

class Locks : public ::testing::Test {
  protected:
    Locks() { SetUp(); }

    void SetUp() override {
        memory_ = std::make_unique<SharedMemory>(LockTable::bytes(kShape));
        table_.emplace(LockTable::open(memory_->data(), memory_->size(), kShape));
        for (unsigned process = 0; process < kProcesses; ++process) {
            family_.woken(process);
        }
    }

    LockClient client(unsigned process, std::uint16_t incarnation = 1) {
        return LockClient(*table_, process, incarnation, *family_.waker);
    }

    void reap(unsigned process) {
        table_->reap(process, [this](unsigned next) { family_.waker->poke(next); });
    }

    static constexpr LockShape kShape{2, kProcesses};
    SignalFamily family_{SignalShape{kProcesses, 4, 256}};
    std::unique_ptr<SharedMemory> memory_;
    std::optional<LockTable> table_;
};

TEST_F(Locks, AreHeldByOneProcessAtATimeAndIndependently) {
    LockClient one = client(1);
    LockClient two = client(2);
    EXPECT_TRUE(one.try_acquire(0));
    EXPECT_FALSE(two.try_acquire(0));
    EXPECT_FALSE(one.try_acquire(0)) << "another greenlet of the same worker";
    EXPECT_TRUE(two.try_acquire(1));
    EXPECT_EQ(table_->holder(0)->process, 1U);
    EXPECT_FALSE(two.release(0));
    EXPECT_TRUE(one.release(0));
    EXPECT_FALSE(table_->holder(0));
    EXPECT_TRUE(two.try_acquire(0));
}

TEST_F(Locks, ShowThatWhoTookThemHasEndedUntilTheyAreTakenAnew) {
    LockClient one = client(1);
    LockClient two = client(2);
    one.show_left(0);
    EXPECT_FALSE(table_->left(0)) << "nobody holds it";
    ASSERT_TRUE(one.try_acquire(0));
    EXPECT_FALSE(table_->left(0));
    one.show_left(0);
    EXPECT_TRUE(table_->left(0));
    const std::uint64_t ticket = two.enqueue(0);
    ASSERT_TRUE(one.release(0));
    EXPECT_FALSE(table_->left(0));
    EXPECT_EQ(two.advance(0), ticket);
    EXPECT_FALSE(table_->left(0));
}

TEST_F(Locks, AreGivenInTheOrderOfArrivalOverAllProcesses) {
    LockClient one = client(1);
    LockClient two = client(2);
    ASSERT_TRUE(one.try_acquire(0));
    const std::uint64_t first = two.enqueue(0);
    const std::uint64_t second = one.enqueue(0);
    const std::uint64_t third = two.enqueue(0);
    const std::uint64_t fourth = two.enqueue(0);
    const std::uint64_t fifth = one.enqueue(0);
    EXPECT_EQ(table_->waiting(0), 2U);
    EXPECT_FALSE(two.advance(0));
    one.release(0);
    EXPECT_FALSE(one.try_acquire(0)) << "others wait";
    EXPECT_TRUE(family_.woken(2));
    EXPECT_FALSE(one.advance(0));
    EXPECT_EQ(two.advance(0), first);
    two.release(0);
    EXPECT_TRUE(family_.woken(1));
    EXPECT_EQ(one.advance(0), second);
    one.release(0);
    EXPECT_EQ(two.advance(0), third);
    EXPECT_FALSE(two.advance(0));
    two.release(0);
    EXPECT_TRUE(family_.woken(2)) << "the next one is its own";
    EXPECT_EQ(two.advance(0), fourth);
    two.release(0);
    EXPECT_EQ(one.advance(0), fifth);
    EXPECT_EQ(table_->waiting(0), 0U);
}

TEST_F(Locks, WaiterThatGivesUpPassesItsTurnOn) {
    LockClient one = client(1);
    LockClient two = client(2);
    LockClient three = client(3);
    ASSERT_TRUE(one.try_acquire(0));
    const std::uint64_t early = two.enqueue(0);
    const std::uint64_t late = two.enqueue(0);
    const std::uint64_t other = three.enqueue(0);
    two.cancel(0, late);
    one.release(0);
    two.cancel(0, early);
    EXPECT_TRUE(family_.woken(3));
    EXPECT_FALSE(two.advance(0));
    EXPECT_EQ(three.advance(0), other);
}

TEST_F(Locks, DeathOfHolderOrOfTheFirstWaiterPassesTheLockOn) {
    LockClient one = client(1);
    LockClient two = client(2);
    LockClient three = client(3);
    ASSERT_TRUE(one.try_acquire(0));
    two.enqueue(0);
    const std::uint64_t ticket = three.enqueue(0);
    reap(1);
    EXPECT_TRUE(family_.woken(2));
    EXPECT_FALSE(one.release(0));
    reap(2);
    EXPECT_TRUE(family_.woken(3));
    EXPECT_EQ(three.advance(0), ticket);
    LockClient successor = client(1, 2);
    EXPECT_FALSE(successor.try_acquire(0));
}

TEST_F(Locks, NeedMemoryForTheirShape) {
    EXPECT_THROW(LockTable::open(memory_->data(), 64, kShape), std::invalid_argument);
}

// A process that takes and releases the lock, waits for it and gives up is killed at every step.
TEST_F(Locks, ProcessKilledAtEveryStepBlocksNobody) {
    unsigned steps = 0;
    for (unsigned step = 1;; ++step) {
        SetUp();
        LockClient other = client(2);
        std::uint64_t ticket = 0;
        const auto deed = [&] {
            LockClient victim = client(1);
            if (victim.try_acquire(0)) {
                victim.release(0);
            }
            const std::uint64_t first = victim.enqueue(0);
            const std::uint64_t second = victim.enqueue(0);
            if (victim.advance(0) == first) {
                victim.release(0);
            }
            victim.cancel(0, second);
        };
        bool held = false;
        const auto meanwhile = [&] {
            ticket = other.enqueue(0);
            held = other.advance(0).has_value();
        };
        if (!stop_at_step(step, deed, meanwhile)) {
            steps = step - 1;
            break;
        }
        reap(1);
        if (!held) {
            ASSERT_TRUE(family_.woken(2)) << "step " << step;
            ASSERT_EQ(other.advance(0), ticket) << "step " << step;
        }
        ASSERT_TRUE(other.release(0));
        ASSERT_EQ(table_->waiting(0), 0U);
        LockClient successor = client(1, 2);
        ASSERT_TRUE(successor.try_acquire(0)) << "step " << step;
    }
    std::printf("locks: %u steps\n", steps);
    EXPECT_GT(steps, 30U);
}

TEST_F(Locks, MasterKilledAtEveryStepOfReapingIsContinued) {
    for (unsigned step = 1;; ++step) {
        SetUp();
        LockClient dead = client(1);
        LockClient other = client(2);
        ASSERT_TRUE(dead.try_acquire(0));
        dead.enqueue(0);
        const std::uint64_t ticket = other.enqueue(0);
        if (!stop_at_step(
                step, [&] { reap(1); }, [] {})) {
            ASSERT_GT(step, 5U);
            break;
        }
        reap(1);
        ASSERT_TRUE(family_.woken(2));
        ASSERT_EQ(other.advance(0), ticket) << "step " << step;
    }
}

// However a waiter and the releasing holder interleave: the waiter takes the lock when it looks, or
// is woken to look again.
TEST_F(Locks, NoInterleavingOfWaiterAndReleaserLosesTheWakeUp) {
    for (unsigned step = 1;; ++step) {
        SetUp();
        LockClient holder = client(1);
        SharedMemory result(64);
        auto* got = static_cast<volatile bool*>(result.data());
        ASSERT_TRUE(holder.try_acquire(0));
        const auto wait = [&] {
            LockClient waiter = client(2);
            waiter.enqueue(0);
            *got = waiter.advance(0).has_value();
        };
        if (!stop_at_step(
                step, wait, [&] { holder.release(0); }, true)) {
            ASSERT_GT(step, 5U);
            break;
        }
        ASSERT_TRUE(*got || family_.woken(2)) << "waiter at step " << step;
    }
    for (unsigned step = 1;; ++step) {
        SetUp();
        LockClient holder = client(1);
        LockClient waiter = client(2);
        ASSERT_TRUE(holder.try_acquire(0));
        bool got = false;
        const auto wait = [&] {
            waiter.enqueue(0);
            got = waiter.advance(0).has_value();
        };
        if (!stop_at_step(
                step, [&] { holder.release(0); }, wait, true)) {
            ASSERT_GT(step, 3U);
            break;
        }
        ASSERT_TRUE(got || family_.woken(2)) << "releaser at step " << step;
    }
}

// Processes pass the lock among themselves while one is killed every few milliseconds: there are
// never two inside, and the lock is not stuck.
class LockSoak : public Locks {
  protected:
    struct Inside {
        std::atomic<unsigned> process;
        std::atomic<std::uint64_t> entries;
        std::atomic<std::uint64_t> violations;
    };

    [[noreturn]] void work(unsigned process, std::uint16_t incarnation) {
        LockClient self = client(process, incarnation);
        for (;;) {
            self.enqueue(0);
            while (!self.advance(0)) {
                pollfd ready{family_.eventfds[process], POLLIN, 0};
                ::poll(&ready, 1, -1);
                family_.woken(process);
            }
            unsigned nobody = 0;
            if (!inside_.process.compare_exchange_strong(nobody, process)) {
                inside_.violations.fetch_add(1);
            }
            inside_.entries.fetch_add(1);
            inside_.process.store(0);
            self.release(0);
        }
    }

    pid_t start(unsigned process, std::uint16_t incarnation) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            work(process, incarnation);
        }
        return pid;
    }

    SharedMemory shared_{sizeof(Inside)};
    Inside& inside_ = *static_cast<Inside*>(shared_.data());
};

TEST_F(LockSoak, RandomKillsNeverLetTwoInAndNeverStopTheRow) {
    std::mt19937 random{20261123};
    pid_t pids[kProcesses] = {};
    for (unsigned process = 1; process < kProcesses; ++process) {
        pids[process] = start(process, 1);
    }
    for (std::uint16_t kill = 2; kill < 100; ++kill) {
        const std::uint64_t before = inside_.entries.load();
        ::poll(nullptr, 0, static_cast<int>(random() % 5));
        for (int wait = 0; inside_.entries.load() == before && wait < 5000; ++wait) {
            ::poll(nullptr, 0, 1);
        }
        ASSERT_GT(inside_.entries.load(), before) << "the row stands still";
        const unsigned victim = 1 + static_cast<unsigned>(random() % (kProcesses - 1));
        ::kill(pids[victim], SIGKILL);
        ASSERT_EQ(::waitpid(pids[victim], nullptr, 0), pids[victim]);
        unsigned who = victim;
        inside_.process.compare_exchange_strong(who, 0);
        reap(victim);
        pids[victim] = start(victim, kill);
    }
    for (unsigned process = 1; process < kProcesses; ++process) {
        ::kill(pids[process], SIGKILL);
        ::waitpid(pids[process], nullptr, 0);
    }
    std::printf("%lu turns\n", inside_.entries.load());
    EXPECT_EQ(inside_.violations.load(), 0U);
}

}  // namespace
}  // namespace geventd::shm
