// SPDX-License-Identifier: MIT
#include "signal_support.h"

namespace geventd::shm {
namespace {

constexpr SignalShape kShape{5, 16, 4096};
constexpr std::uint8_t kNumber = SignalFamily::kNumber;
constexpr std::int64_t kMillisecond = 1'000'000;

class FixedLoads : public SignalLoads {
  public:
    explicit FixedLoads(std::vector<std::uint32_t> loads) : loads_(std::move(loads)) {}

    std::uint32_t load(unsigned process) const noexcept override { return loads_[process]; }

  private:
    std::vector<std::uint32_t> loads_;
};

TEST(SignalWake, OnlyASleeperIsWokenAndOnlyOnce) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_FALSE(family.woken(1)) << "it is awake";
    drain(worker);
    ASSERT_TRUE(worker.prepare_to_wait());
    ASSERT_EQ(send_id(writer, 2), SendResult::Accepted);
    EXPECT_TRUE(family.woken(1));
    ASSERT_EQ(send_id(writer, 3), SendResult::Accepted);
    EXPECT_FALSE(family.woken(1));
}

TEST(SignalWake, WorkerThatIsBehindMayNotSleep) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    family.worker(2);
    SignalWriter writer = family.writer(0);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_FALSE(worker.prepare_to_wait());
    EXPECT_EQ(drain(worker).size(), 1U);
    EXPECT_TRUE(worker.prepare_to_wait());
    family.recovery->reap(2);
    EXPECT_FALSE(worker.prepare_to_wait()) << "the master asked to look again";
}

TEST(SignalWake, LeastBusyEligibleWorkerIsChosen) {
    SignalFamily family(kShape);
    const FixedLoads loads({0, 5, 2, 0, 9});
    SignalWaker waker(family.table, family.eventfds, &loads);
    std::vector<SignalClaimer> workers;
    for (const unsigned process : {1U, 2U, 4U}) {
        workers.push_back(family.worker(process));
    }
    family.recovery->hand_out(3, 1, 3);  // idle, but without the handler
    SignalClaimer without(family.table, 3);
    without.accept(true);
    for (SignalClaimer& worker : workers) {
        drain(worker);
        ASSERT_TRUE(worker.prepare_to_wait());
    }
    without.claim();
    ASSERT_TRUE(without.prepare_to_wait());
    SignalWriter writer(family.table, 0, waker);
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_TRUE(family.woken(2));
    EXPECT_FALSE(family.woken(1) || family.woken(3) || family.woken(4));
}

TEST(SignalWake, EquallyBusyWorkersAreWokenInTurn) {
    SignalFamily family(kShape);
    SignalClaimer one = family.worker(1);
    SignalClaimer two = family.worker(2);
    SignalClaimer three = family.worker(3);
    SignalWriter writer = family.writer(0);
    for (SignalClaimer* worker : {&one, &two, &three}) {
        drain(*worker);
        ASSERT_TRUE(worker->prepare_to_wait());
    }
    for (std::uint64_t id = 1; id <= 3; ++id) {
        ASSERT_EQ(send_id(writer, id), SendResult::Accepted);
    }
    EXPECT_TRUE(family.woken(1) && family.woken(2) && family.woken(3));
}

// Two processes, each stopped at every instruction that the other could notice, while the other
// runs to its end: however they interleave, the worker sees the signal or is woken.
TEST(SignalWake, NoInterleavingOfSenderAndSleeperLosesTheWakeUp) {
    for (unsigned step = 1;; ++step) {
        SignalFamily family(kShape);
        SignalClaimer worker = family.worker(1);
        SignalWriter writer = family.writer(0);
        SharedMemory result(64);
        auto* slept = static_cast<volatile bool*>(result.data());
        const bool stopped = stop_at_step(
            step, [&] { *slept = worker.prepare_to_wait(); },
            [&] { ASSERT_EQ(send_id(writer, 1), SendResult::Accepted); }, true);
        if (!stopped) {
            ASSERT_GT(step, 3U);
            break;
        }
        EXPECT_TRUE(!*slept || family.woken(1)) << "sleeper at step " << step;
    }
    for (unsigned step = 1;; ++step) {
        SignalFamily family(kShape);
        SignalClaimer worker = family.worker(1);
        SignalWriter writer = family.writer(0);
        bool slept = false;
        bool claimed = false;
        const bool stopped = stop_at_step(
            step, [&] { send_id(writer, 1); },
            [&] {
                claimed = worker.claim().has_value();
                slept = worker.prepare_to_wait();
            },
            true);
        if (!stopped) {
            ASSERT_GT(step, 10U);
            break;
        }
        EXPECT_TRUE(claimed || !slept || family.woken(1)) << "sender at step " << step;
    }
}

TEST(SignalWatch, SignalUnclaimedForTenMillisecondsWakesTheOthersInTurn) {
    SignalFamily family(kShape);
    SignalClaimer one = family.worker(1);
    SignalClaimer two = family.worker(2);
    SignalWatch watch(family.table, *family.waker);
    SignalWriter writer = family.writer(0);
    for (SignalClaimer* worker : {&one, &two}) {
        drain(*worker);
        ASSERT_TRUE(worker->prepare_to_wait());
    }
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    const bool second_was = family.woken(2);
    const unsigned first = family.woken(1) ? 1 : 2;
    EXPECT_EQ(second_was, first == 2);
    EXPECT_EQ(watch.tick(9 * kMillisecond), SignalWatch::kPatience);
    EXPECT_FALSE(family.woken(1) || family.woken(2));
    std::map<unsigned, unsigned> wakes;
    for (const std::int64_t now : {10, 20}) {
        watch.tick(now * kMillisecond);
        wakes[1] += family.woken(1) ? 1 : 0;
        wakes[2] += family.woken(2) ? 1 : 0;
    }
    EXPECT_EQ(wakes[3 - first], 1U) << "the one that is not blocked";
    EXPECT_EQ(drain(first == 1 ? two : one).size(), 1U);
    watch.tick(30 * kMillisecond);
    EXPECT_FALSE(family.woken(1) || family.woken(2));
}

TEST(SignalWatch, SleepsWhenNothingWaitsAndTheNextSenderWakesTheMaster) {
    SignalFamily family(kShape);
    SignalClaimer worker = family.worker(1);
    SignalWatch watch(family.table, *family.waker);
    SignalWriter writer = family.writer(1);
    int ticks = 0;
    while (watch.tick(0) != SignalWatch::kSlowTick) {
        ASSERT_LT(++ticks, 1000);
    }
    EXPECT_FALSE(family.woken(0));
    ASSERT_EQ(send_id(writer, 1), SendResult::Accepted);
    EXPECT_TRUE(family.woken(0));
    EXPECT_EQ(watch.tick(0), SignalWatch::kPatience);
    ASSERT_EQ(send_id(writer, 2), SendResult::Accepted);
    EXPECT_FALSE(family.woken(0)) << "the watch is awake";
}

TEST(SignalWatch, WakeUpThatDiedWithItsSenderIsHealed) {
    unsigned healed = 0;
    for (unsigned step = 1;; ++step) {
        SignalFamily family(kShape);
        SignalClaimer worker = family.worker(1);
        SignalWatch watch(family.table, *family.waker);
        drain(worker);
        ASSERT_TRUE(worker.prepare_to_wait());
        const auto send = [&] {
            SignalWriter writer = family.writer(1);
            send_id(writer, 1);
        };
        if (!stop_at_step(step, send, [] {})) {
            break;
        }
        const bool published = read_statistics(family.table)[kNumber].waiting == 1;
        if (!published || family.woken(1)) {
            continue;
        }
        // The head has moved, or the master's reap moves it.
        if (watch.tick(20 * kMillisecond); !family.woken(1)) {
            family.recovery->reap(1);
            family.recovery->hand_out(1, 1, 1);
            ASSERT_TRUE(family.woken(1)) << "step " << step;
        }
        ++healed;
    }
    EXPECT_GT(healed, 2U);
}

}  // namespace
}  // namespace geventd::shm
