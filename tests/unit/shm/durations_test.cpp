// SPDX-License-Identifier: MIT
#include "shm/durations.h"

#include <memory>

#include <gtest/gtest.h>

namespace geventd::shm {
namespace {

TEST(DurationClass, EachValueIsInTheClassThatItsBoundsName) {
    for (std::uint64_t value = 0; value < 100'000; ++value) {
        const std::size_t index = DurationClass::of(value);
        ASSERT_LE(value, DurationClass::upper(index));
        ASSERT_TRUE(index == 0 || value > DurationClass::upper(index - 1)) << value;
    }
}

TEST(DurationClass, IsAnEighthOfItsValuesWideAtMost) {
    for (std::size_t index = 16; index < DurationClass::kCount; ++index) {
        const std::uint64_t lower = DurationClass::upper(index - 1) + 1;
        EXPECT_LE((DurationClass::upper(index) - lower + 1) * 8, lower);
    }
}

TEST(DurationClass, TheLastOneTakesWhatIsLonger) {
    EXPECT_EQ(DurationClass::of(~std::uint64_t{0}), DurationClass::kCount - 1);
    EXPECT_EQ(DurationClass::upper(DurationClass::kCount - 1), 0xffff'ffffU);
}

TEST(Percentile, IsTheUpperEndOfTheClassThatHoldsTheRank) {
    const auto shared = std::make_unique<SharedDurations>();
    EXPECT_EQ(percentile(shared->read(), 50), 0U);
    for (int count = 0; count < 98; ++count) {
        shared->add(5);
    }
    shared->add(1'000);
    shared->add(1'000'000);
    const DurationCounts counts = shared->read();
    EXPECT_EQ(total(counts), 100U);
    EXPECT_EQ(percentile(counts, 0), 5U);
    EXPECT_EQ(percentile(counts, 50), 5U);
    EXPECT_EQ(percentile(counts, 98), 5U);
    EXPECT_EQ(percentile(counts, 99), 1'023U);
    EXPECT_EQ(percentile(counts, 100), 1'048'575U);
    shared->reset();
    EXPECT_EQ(total(shared->read()), 0U);
}

}  // namespace
}  // namespace geventd::shm
