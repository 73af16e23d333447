// SPDX-License-Identifier: MIT
#include "http/chunk_decoder.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

using State = ChunkDecoder::State;

struct Outcome {
    State state = State::More;
    std::string body;
    std::size_t used = 0;
};

Outcome decode(std::string_view bytes, std::size_t step) {
    ChunkDecoder decoder;
    Outcome outcome;
    for (std::size_t at = 0; at < bytes.size() && outcome.state == State::More; at += step) {
        std::size_t used = 0;
        outcome.state = decoder.decode(bytes.substr(at, step), outcome.body, used);
        outcome.used += used;
    }
    return outcome;
}

TEST(ChunkDecoder, DecodesHoweverTheBytesAreCut) {
    constexpr std::string_view bytes =
        "5\r\nhello\r\n00b ; name=\"v;\"\r\n world\r\n0\r\n\r\n0;last\r\nX-T: 1\r\nY:\r\n\r\n";
    const std::string all = std::string(bytes) + "GET /";
    for (std::size_t step = 1; step <= all.size(); ++step) {
        const Outcome outcome = decode(all, step);
        ASSERT_EQ(outcome.state, State::Done) << step;
        EXPECT_EQ(outcome.body, "hello world\r\n0\r\n");
        EXPECT_EQ(outcome.used, bytes.size());
    }
}

TEST(ChunkDecoder, TakesBlanksBehindASize) {
    constexpr std::string_view bytes = "5  \r\nhello\r\n1\t\r\n!\r\n0 \r\n\r\n";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        const Outcome outcome = decode(bytes, step);
        ASSERT_EQ(outcome.state, State::Done) << step;
        EXPECT_EQ(outcome.body, "hello!");
    }
}

TEST(ChunkDecoder, RejectsWhatIsNotExactlyChunked) {
    for (const char* bad : {"\r\n",
                            "x\r\n",
                            "0x5\r\nhello\r\n",
                            "-1\r\n",
                            "+5\r\n",
                            " 5\r\n",
                            "5 5\r\n",
                            "5 \n",
                            "5\n",
                            "5\rhello",
                            "5;a\n",
                            "5;a\rb",
                            ";a\r\n",
                            "5\r\nhelloX\r\n",
                            "5\r\nhello\n",
                            "5\r\nhello\rX",
                            "10000000000000000\r\n",
                            "00000000000000000\r\n",
                            "g\r\n",
                            "5\r\nhell\r\n0\r\n\r\n",
                            "0\r\n X: 1\r\n\r\n",
                            "0\r\n: 1\r\n\r\n",
                            "0\r\nX\r\n\r\n",
                            "0\r\nX : 1\r\n\r\n",
                            "0\r\nX: 1\n\r\n",
                            "0\r\nX: 1\r\n\n",
                            "0\r\nX:\x01\r\n\r\n",
                            "0\n\n",
                            "0\r\r\n"}) {
        const std::string_view bytes(bad);
        EXPECT_EQ(decode(bytes, bytes.size()).state, State::Rejected) << bytes;
        EXPECT_EQ(decode(bytes, 1).state, State::Rejected) << bytes;
    }
}

TEST(ChunkDecoder, TakesTheLargestSize) {
    EXPECT_EQ(decode("ffffffffffffffff\r\nabc", 100).body, "abc");
}

TEST(ChunkDecoder, BoundsExtensionsByTheBody) {
    EXPECT_EQ(decode("5;" + std::string(17000, 'a'), 1000).state, State::Rejected);
    std::string drip;
    for (int i = 0; i < 10000; ++i) {
        drip += "1;aaaaaaaaaa\r\nx\r\n";
    }
    EXPECT_EQ(decode(drip, 4096).state, State::Rejected);
    std::string signed_upload;
    for (int i = 0; i < 1000; ++i) {
        signed_upload += "100;chunk-signature=" + std::string(64, 'a') + "\r\n";
        signed_upload += std::string(256, 'x') + "\r\n";
    }
    const Outcome outcome = decode(signed_upload + "0\r\n\r\n", 4096);
    EXPECT_EQ(outcome.state, State::Done);
    EXPECT_EQ(outcome.body.size(), 256000U);
}

TEST(ChunkDecoder, BoundsTrailers) {
    EXPECT_EQ(decode("0\r\nX: " + std::string(17000, 'a'), 1000).state, State::Rejected);
}

TEST(ChunkDecoder, CountsTheBody) {
    ChunkDecoder decoder;
    std::string body;
    std::size_t used = 0;
    decoder.decode("5\r\nhello\r\n3\r\nab", body, used);
    EXPECT_EQ(decoder.total(), 7U);
}

}  // namespace

}  // namespace geventd::http
