// SPDX-License-Identifier: MIT
#include "log/escape.h"

#include <gtest/gtest.h>

namespace geventd::log {
namespace {

TEST(Escape, LeavesPrintableTextAlone) {
    EXPECT_EQ(escape_controls("plain \\ \"text\" \xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8d"),
              "plain \\ \"text\" \xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8d");
}

TEST(Escape, SpellsControlsOut) {
    EXPECT_EQ(escape_controls(std::string_view("a\nb\rc\td\0e\x1b[31m\x7f", 15)),
              "a\\nb\\rc\\td\\x00e\\x1b[31m\\x7f");
}

TEST(Escape, SpellsC1ControlsOut) {
    EXPECT_EQ(escape_controls("\xc2\x9b"
                              "31m"),
              "\\xc2\\x9b31m");
}

TEST(Escape, SpellsOutWhatIsNoUtf8) {
    EXPECT_EQ(escape_controls("\xff"), "\\xff");                             // no lead byte
    EXPECT_EQ(escape_controls("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
    EXPECT_EQ(escape_controls("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");           // overlong
    EXPECT_EQ(escape_controls("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
    EXPECT_EQ(escape_controls("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
    EXPECT_EQ(escape_controls("\xe2\x82"), "\\xe2\\x82");                    // cut short
    EXPECT_EQ(escape_controls("\xe2\x82!"), "\\xe2\\x82!");
}

TEST(Escape, LinesKeepNewlinesBehindATab) {
    EXPECT_EQ(escape_lines("Traceback:\n  File \"x\"\nBoom\r\n\n"),
              "Traceback:\n\t  File \"x\"\n\tBoom\\r");
}

TEST(Escape, JsonQuotesWhatJsonMust) {
    EXPECT_EQ(escape_json("say \"hi\"\\\n\t\x1b"), "say \\\"hi\\\"\\\\\\n\\t\\u001b");
}

TEST(Escape, JsonReplacesWhatIsNoUtf8) {
    EXPECT_EQ(escape_json("caf\xe9"), "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace geventd::log
