// SPDX-License-Identifier: MIT
// Sessions with permessage-deflate.
#include "session_fixture.h"

namespace geventd::websocket {
namespace {

TEST_F(SessionTest, ExpandsAndCompresses) {
    start(1 << 20, true);
    Deflater deflater;
    const std::string small = deflater.compress(std::string(5000, 'a'), 15);
    session->receive(frame(kMore | kCompressed | kText, small.substr(0, 3)) +
                     frame(kFin | kContinue, small.substr(3)) + frame(kFin | kText, "plain"));
    EXPECT_EQ(messages, (Texts{"text:" + std::string(5000, 'a'), "text:plain"}));
    session->send(true, std::string(5000, 'b'));
    const std::string sent = output();
    EXPECT_LT(sent.size(), 200U);
    EXPECT_EQ(sent[0], '\xc1');
    EXPECT_EQ(sent.substr(2), deflater.compress(std::string(5000, 'b'), 15));
}

TEST_F(SessionTest, LimitsWhatExpands) {
    start(100'000, true);
    Deflater deflater;
    const std::string bomb = deflater.compress(std::string(50 << 20, 'a'), 15);
    session->receive(frame(kFin | kCompressed | kBinary, bomb));
    EXPECT_EQ(closed_with(), 1009U);
    EXPECT_TRUE(messages.empty());
}

// What cannot be compressed, as zlib has it: blocks with lengths.
std::string stored(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); at += 0xffff) {
        const std::string_view block = text.substr(at, 0xffff);
        const auto size = static_cast<unsigned>(block.size());
        for (const unsigned octet : {0U, size, size >> 8, ~size, ~size >> 8}) {
            bytes += static_cast<char>(octet & 0xff);
        }
        bytes += block;
    }
    return bytes + '\0';
}

TEST_F(SessionTest, LimitsTheMessageAndNotWhatCompressionAddsToIt) {
    start(1 << 20, true);
    session->receive(frame(kFin | kCompressed | kBinary, stored(std::string(1 << 20, 'a'))));
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].size(), std::string_view("bytes:").size() + (1 << 20));
    session->receive(frame(kFin | kCompressed | kBinary, stored(std::string((1 << 20) + 1, 'a'))));
    EXPECT_EQ(closed_with(), 1009U);
    EXPECT_EQ(messages.size(), 1U);
}

TEST_F(SessionTest, ChecksTheTextThatExpands) {
    start(1 << 20, true);
    Deflater deflater;
    const std::string small = deflater.compress(std::string(500, '\xff'), 15);
    session->receive(frame(kFin | kCompressed | kText, small));
    EXPECT_EQ(closed_with(), 1007U);
}

}  // namespace
}  // namespace geventd::websocket
