// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>

#include <gtest/gtest.h>

#include "master/signals/memories.h"
#include "shm/signal_claimer.h"

namespace geventd::master {
namespace {

using std::chrono::seconds;

constexpr std::uint8_t kNumber = 17;

class NoLoads final : public shm::SignalLoads {
  public:
    [[nodiscard]] std::uint32_t load(unsigned) const noexcept override { return 0; }
};

class MemoryDamage : public testing::Test {
  protected:
    MemoryDamage() { begin(1); }

    static config::Signals settings() {
        config::Signals settings;
        settings.queue = 64;
        settings.payloads = 4096;
        return settings;
    }

    /// A generation with one worker, in the slot of its number.
    void begin(std::uint32_t generation) {
        memories_.begin(generation);
        memories_.hand_out(generation, generation);
        SignalMemory& memory = memories_.of_slot(generation);
        const unsigned process = shm::process_of_slot(generation);
        memory.recovery.hand_out(process, generation, 1);
        memory.registry.add(process, kNumber, {});
        shm::SignalClaimer(memory.region.signals(), process).accept(true);
    }

    void end(std::uint32_t generation) {
        const unsigned process = shm::process_of_slot(generation);
        memories_.of_slot(generation).recovery.reap(process);
        memories_.release(generation);
    }

    void send(std::string_view text) {
        const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
        ASSERT_EQ(memories_.serving().writer.send({kNumber, bytes, false}, 1),
                  shm::SendResult::Accepted);
    }

    void damage() { memories_.serving().region.signals().header().in_use.store(0xffff'ffff); }

    bool pass(seconds time = seconds(1)) {
        now_ += time;
        return memories_.look(now_);
    }

    NoLoads loads_;
    SignalMemories memories_{settings(), loads_};
    TimePoint now_{seconds(1000)};
};

TEST_F(MemoryDamage, IsNotSeenWhereThereIsNone) {
    send("text");
    pass();
    EXPECT_EQ(memories_.renewal_due(), TimePoint::max());
    memories_.renew(now_, {});
    EXPECT_EQ(memories_.all().size(), 1U);
}

TEST_F(MemoryDamage, CostsNoSignalThatCanBeRead) {
    send("first");
    send("second");
    damage();
    pass();
    EXPECT_LE(memories_.renewal_due(), now_);
    SignalMemory& former = memories_.serving();
    memories_.renew(now_, {});
    begin(2);
    EXPECT_EQ(&memories_.serving(), &former);
    EXPECT_NE(&memories_.of_slot(2), &former);
    memories_.serve(2);
    EXPECT_TRUE(pass());
    EXPECT_EQ(memories_.renewal_due(), TimePoint::max());
    shm::SignalClaimer claimer(memories_.serving().region.signals(), shm::process_of_slot(2));
    const auto first = claimer.claim();
    const auto second = claimer.claim();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(second->payload.data()),
                               second->payload.size()),
              "second");
    EXPECT_EQ(memories_.all().size(), 2U);
    end(1);
    pass();
    EXPECT_EQ(memories_.all().size(), 1U);
    EXPECT_EQ(memories_.status().replaced, 1U);
    EXPECT_EQ(memories_.status().lost, 0U);
}

TEST_F(MemoryDamage, OfAHeadHidesNoSignal) {
    send("first");
    send("second");
    pass();
    memories_.serving().region.signals().queue(0).ends->head.store(0);
    pass();
    EXPECT_LE(memories_.renewal_due(), now_);
    memories_.renew(now_, {});
    begin(2);
    memories_.serve(2);
    EXPECT_TRUE(pass());
    shm::SignalClaimer claimer(memories_.serving().region.signals(), shm::process_of_slot(2));
    EXPECT_TRUE(claimer.claim());
    EXPECT_TRUE(claimer.claim());
    end(1);
    pass();
    EXPECT_EQ(memories_.status().lost, 0U);
}

TEST_F(MemoryDamage, CountsWhatCannotBeRead) {
    send("first");
    send("second");
    const shm::SignalQueue queue = memories_.serving().region.signals().queue(0);
    const std::uint32_t slot = queue.slot(queue.ends->head.load() - 1);
    queue.states[slot].store(7);
    pass();
    memories_.renew(now_, {});
    begin(2);
    memories_.serve(2);
    pass();
    end(1);
    pass();
    EXPECT_EQ(memories_.all().size(), 1U);
    EXPECT_EQ(memories_.status().lost, 1U);
}

TEST_F(MemoryDamage, AgainAndAgainIsAnsweredMoreSlowly) {
    Duration longest{};
    std::uint32_t generation = 1;
    for (int round = 0; round < 10; ++round) {
        damage();
        pass();
        const Duration wait = memories_.renewal_due() - now_;
        longest = std::max(longest, wait);
        if (wait > Duration::zero()) {
            now_ += wait;
        }
        memories_.renew(now_, {});
        begin(++generation);
        memories_.serve(generation);
        end(generation - 1);
    }
    EXPECT_GT(longest, seconds(20));
    EXPECT_LE(longest, seconds(30));
    pass(seconds(1000));
    EXPECT_EQ(memories_.renewal_due(), TimePoint::max());
    damage();
    pass();
    EXPECT_LE(memories_.renewal_due(), now_);
}

TEST_F(MemoryDamage, OfAGenerationThatFailsToStartIsTriedAgain) {
    damage();
    pass();
    memories_.renew(now_, {});
    begin(2);
    memories_.forget(2);
    end(2);
    pass();
    EXPECT_GT(memories_.renewal_due(), now_ - seconds(1));
    EXPECT_LT(memories_.renewal_due(), TimePoint::max());
    now_ += seconds(5);
    memories_.renew(now_, {});
    EXPECT_EQ(memories_.all().size(), 2U) << "the fresh one was not used, and is good still";
}

}  // namespace
}  // namespace geventd::master
