// SPDX-License-Identifier: MIT
#include "websocket/codec.h"

#include <gtest/gtest.h>

namespace geventd::websocket {
namespace {

using Outcome = Inflater::Outcome;

std::string text() {
    std::string text;
    for (int i = 0; i < 2000; ++i) {
        text += "line " + std::to_string(i) + "\n";
    }
    return text;
}

TEST(Codec, GivesBackWhatItWasGiven) {
    Deflater deflater;
    for (const int bits : {9, 15, 12, 15}) {
        const std::string small = deflater.compress(text(), bits);
        ASSERT_FALSE(small.empty());
        EXPECT_LT(small.size(), text().size() / 2);
        Inflater inflater;
        std::string whole;
        for (const char& byte : small) {
            ASSERT_EQ(inflater.expand({&byte, 1}, whole, 1 << 20), Outcome::Fine);
        }
        ASSERT_EQ(inflater.finish(whole, 1 << 20), Outcome::Fine);
        EXPECT_EQ(whole, text());
    }
}

TEST(Codec, RemembersTheLastMessageAndItsWindow) {
    Deflater deflater;
    const std::string wide = deflater.compress(text(), 15);
    EXPECT_EQ(deflater.compress(text(), 15), wide);
    const std::string narrow = deflater.compress(text(), 9);
    EXPECT_NE(narrow, wide);
    EXPECT_EQ(deflater.compress("q7#", 9), "");
    EXPECT_EQ(deflater.compress("q7#", 9), "");
    EXPECT_EQ(deflater.compress(text(), 15), wide);
    EXPECT_EQ(deflater.compress(text(), 9), narrow);
}

TEST(Codec, LeavesAloneWhatGetsNoSmaller) {
    Deflater deflater;
    EXPECT_EQ(deflater.compress("q7#", 15), "");
}

TEST(Codec, StopsAtTheLimitAndNotBehindIt) {
    Deflater deflater;
    const std::string small = deflater.compress(std::string(10 << 20, 'a'), 15);
    Inflater inflater;
    std::string whole;
    EXPECT_EQ(inflater.expand(small, whole, 100'000), Outcome::TooLong);
    EXPECT_LE(whole.size(), 100'000U);
}

TEST(Codec, RefusesWhatNoCompressorMakes) {
    Inflater inflater;
    std::string whole;
    EXPECT_EQ(inflater.expand("\xff\xff\xff\xff\xff", whole, 1000), Outcome::Broken);
}

}  // namespace
}  // namespace geventd::websocket
