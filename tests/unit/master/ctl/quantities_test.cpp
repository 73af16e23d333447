// SPDX-License-Identifier: MIT
#include "master/ctl/view/quantities.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(FormatAge, NamesTheTwoLargestUnits) {
    EXPECT_EQ(format_age(-1), "0s");
    EXPECT_EQ(format_age(59.9), "59s");
    EXPECT_EQ(format_age(60), "1m00s");
    EXPECT_EQ(format_age(3599), "59m59s");
    EXPECT_EQ(format_age(3600), "1h00m");
    EXPECT_EQ(format_age(86399), "23h59m");
    EXPECT_EQ(format_age(86400 * 5 + 7 * 3600), "5d07h");
}

TEST(FormatBytes, CountsInPowersOf1024) {
    EXPECT_EQ(format_bytes(0), "0B");
    EXPECT_EQ(format_bytes(1023), "1023B");
    EXPECT_EQ(format_bytes(1024), "1.0K");
    EXPECT_EQ(format_bytes(std::uint64_t{3} << 30), "3.0G");
}

TEST(FormatDuration, HasTwoOrThreeDigits) {
    EXPECT_EQ(format_duration(0.00025), "250us");
    EXPECT_EQ(format_duration(0.00123), "1.2ms");
    EXPECT_EQ(format_duration(0.0871), "87ms");
    EXPECT_EQ(format_duration(5.31), "5.3s");
    EXPECT_EQ(format_duration(200), "3m20s");
}

TEST(FormatRate, HasADecimalWhereThatMatters) {
    EXPECT_EQ(format_rate(std::nullopt), "-");
    EXPECT_EQ(format_rate(0), "0");
    EXPECT_EQ(format_rate(0.26), "0.3");
    EXPECT_EQ(format_rate(1234.4), "1234");
}

}  // namespace
}  // namespace geventd::ctl
