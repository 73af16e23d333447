// SPDX-License-Identifier: MIT
// What the master reads of a worker, from memory with arbitrary contents.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "shm/durations.h"
#include "shm/failure_note.h"
#include "shm/region.h"
#include "shm/request_table.h"

namespace geventd::shm {
namespace {

class ReaderDamage : public testing::Test {
  protected:
    void overwrite(void* memory, std::size_t size) {
        auto* words = static_cast<std::uint64_t*>(memory);
        const bool whole = random_() % 4 == 0;
        const std::size_t count = size / sizeof(std::uint64_t);
        for (std::size_t write = 0; write < (whole ? count : 40); ++write) {
            words[whole ? write : random_() % count] = random_() >> (random_() % 64);
        }
    }

    std::mt19937_64 random_{42};
};

TEST_F(ReaderDamage, OfATableOfRequestsIsBorne) {
    constexpr std::uint32_t kCores = 3;
    const Region region = Region::create("test", RequestTable::size_for(kCores));
    RequestTable table(region.data(), region.size());
    for (int round = 0; round < 20'000; ++round) {
        overwrite(region.data(), region.size());
        EXPECT_LE(table.begun().size(), kCores);
        const auto entries = table.read();
        EXPECT_LE(entries.size(), kCores + RequestTable::kMostWaiting);
        for (const RequestTable::Entry& entry : entries) {
            EXPECT_TRUE(entry.core < kCores || entry.core == RequestTable::Entry::kNoCore);
            EXPECT_GE(entry.received, TimePoint());
            EXPECT_LE(entry.received, Clock::now());
            EXPECT_LE(entry.path.size() + entry.id.size() + entry.method.size(), 224U);
        }
    }
}

TEST_F(ReaderDamage, OfATableOfRequestsDoesNotOutliveTheNextRequest) {
    constexpr std::uint32_t kCores = 3;
    const Region region = Region::create("test", RequestTable::size_for(kCores));
    RequestTable table(region.data(), region.size());
    for (int round = 0; round < 1000; ++round) {
        overwrite(region.data(), region.size());
        table.put(kCores - 1, {Clock::now(), "an id", "GET", "/path", {}});
        const auto entries = table.read();
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [](const auto& entry) { return entry.core == kCores - 1; });
        ASSERT_NE(found, entries.end());
        EXPECT_EQ(found->id, "an id");
        EXPECT_EQ(found->path, "/path");
    }
}

TEST_F(ReaderDamage, OfANoteIsBorneAndTheNextNoteIsRead) {
    std::vector<std::uint64_t> memory(sizeof(FailureNote) / sizeof(std::uint64_t));
    auto& note = *reinterpret_cast<FailureNote*>(memory.data());
    for (int round = 0; round < 20'000; ++round) {
        overwrite(memory.data(), sizeof note);
        if (const auto read = note.read()) {
            EXPECT_LE(read->text.size(), 320U);
        }
        const auto before = note.read();
        note.put(7, "raised");
        const auto after = note.read();
        ASSERT_TRUE(after);
        EXPECT_EQ(after->text, "raised");
        EXPECT_TRUE(!before || before->mark != after->mark);
    }
}

TEST_F(ReaderDamage, OfDurationsIsBorne) {
    SharedDurations durations{};
    for (int round = 0; round < 20'000; ++round) {
        overwrite(&durations, sizeof durations);
        const DurationCounts counts = durations.read();
        for (const double percent : {50.0, 95.0, 99.0, 100.0}) {
            EXPECT_LE(percentile(counts, percent), std::numeric_limits<std::uint32_t>::max());
        }
    }
}

}  // namespace
}  // namespace geventd::shm
