// SPDX-License-Identifier: MIT
#include "websocket/frame_trace.h"

#include <string>

#include <gtest/gtest.h>

namespace geventd::websocket {
namespace {

TEST(FrameTrace, KnowsWhereFramesEndByteByByte) {
    const std::string head = "HTTP/1.1 101 Switching Protocols\r\nA: \r\r\n\r\n";
    const std::string text(
        "\x81\x03"
        "abc",
        5);
    const std::string middle = std::string("\x82\x7e\x01\x00", 4) + std::string(256, 'm');
    const std::string large =
        std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10) + std::string(65'536, 'l');
    FrameTrace trace(true);
    for (const std::string& piece : {head, text, middle, large, std::string("\x89\x00", 2)}) {
        for (std::size_t i = 0; i < piece.size(); ++i) {
            trace.pass(piece.substr(i, 1));
            ASSERT_EQ(trace.at_boundary(), i + 1 == piece.size()) << i << " of " << piece.size();
        }
    }
    EXPECT_FALSE(trace.close_passed());
}

TEST(FrameTrace, CountsMessagesNotFrames) {
    FrameTrace trace(false);
    trace.pass(
        std::string("\x01\x01"
                    "a"
                    "\x89\x00"
                    "\x80\x01"
                    "b",
                    8));
    EXPECT_EQ(trace.messages(), 1U);
    trace.pass(
        std::string("\x82\x00"
                    "\x88\x00",
                    4));
    EXPECT_EQ(trace.messages(), 2U);
}

TEST(FrameTrace, SeesAHeaderThatNoFrameHas) {
    for (const auto& [header, expected] : {std::pair(std::string("\x09\x01", 2), true),
                                           {std::string("\x89\x7e", 2), true},
                                           {std::string("\x89\x7d", 2), false},
                                           {std::string("\x82\x7e\x00\x7d", 4), true},
                                           {std::string("\x82\x7e\x00\x7e", 4), false},
                                           {"\x82\x7f" + std::string(6, '\0') + "\xff\xff", true},
                                           {"\x82\x7f" + std::string(5, '\0') + "\1\2\3", false},
                                           {"\x82\x7f\x80" + std::string(7, '\1'), true}}) {
        FrameTrace trace(false);
        trace.pass(header);
        EXPECT_EQ(trace.is_broken(), expected) << testing::PrintToString(header);
    }
}

TEST(FrameTrace, SeesAClosingFrameOnceItIsWhole) {
    FrameTrace trace(false);
    trace.pass(
        std::string("\x81\x82mask"
                    "ab"
                    "\x88\x82mask\x03",
                    15));
    EXPECT_FALSE(trace.close_passed());
    trace.pass("\xe8");
    EXPECT_TRUE(trace.close_passed());
}

}  // namespace
}  // namespace geventd::websocket
