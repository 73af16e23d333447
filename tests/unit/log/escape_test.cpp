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

TEST(Escape, SpellsOutWhatCannotBeSeen) {
    EXPECT_EQ(escape_controls("a\xe2\x80\xae"
                              "b"),
              "a\\u202eb");  // right-to-left override
    EXPECT_EQ(escape_controls("\xc2\xad|\xe2\x80\x8b|\xe2\x81\xa6|\xe2\x80\xa8|\xef\xbb\xbf"),
              "\\u00ad|\\u200b|\\u2066|\\u2028|\\ufeff");
    EXPECT_EQ(escape_controls("\xe3\x85\xa4|\xf3\xa0\x80\x81|\xf3\xa0\x84\x80"),
              "\\u3164|\\U000e0001|\\U000e0100");  // fillers, tags, selectors that hide bytes
    EXPECT_EQ(escape_controls("\xe1\xa0\x8b|\xe1\xa0\x8e"), "\\u180b|\\u180e");  // Mongolian ones
    EXPECT_EQ(escape_lines("one\n\xe2\x80\xaetwo"), "one\n\t\\u202etwo");
    EXPECT_EQ(escape_json("\xe2\x80\xae \xf3\xa0\x80\x81 \xc2\x9b"),
              "\\u202e \\udb40\\udc01 \\u009b");
}

TEST(Escape, LeavesNeighboursOfTheInvisibleAlone) {
    const std::string_view text =
        "\xc2\xa0\xc2\xac\xc2\xae"  // NBSP and the soft hyphen's neighbours
        "\xe2\x80\x8a\xe2\x80\x90\xe2\x80\xaf\xe2\x81\x9f\xe2\x81\xb0"
        "\xe2\x9d\xa4\xef\xb8\x8f"       // an emoji with its selector
        "\xd8\xa7\xd7\x90\xe3\x80\x80";  // alef, alef, ideographic space
    EXPECT_EQ(escape_controls(text), text);
    EXPECT_EQ(escape_json(text), text);
}

TEST(Escape, LinesKeepNewlinesBehindATab) {
    EXPECT_EQ(escape_lines("Traceback:\n  File \"x\"\nBoom\r\n\n"),
              "Traceback:\n\t  File \"x\"\n\tBoom\\r");
}

TEST(Escape, JsonQuotesWhatJsonMust) {
    EXPECT_EQ(escape_json("say \"hi\"\\\n\t\x1b"), "say \\\"hi\\\"\\\\\\n\\t\\u001b");
}

TEST(Escape, AJsonDocumentStaysOne) {
    EXPECT_EQ(escape_json_document("{\n  \"a\\n\": \"\xe2\x80\xae\x7f\xc3\xa9\"\n}\n"),
              "{\n  \"a\\n\": \"\\u202e\\u007f\xc3\xa9\"\n}\n");
}

TEST(Escape, JsonReplacesWhatIsNoUtf8) {
    EXPECT_EQ(escape_json("caf\xe9"), "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace geventd::log
