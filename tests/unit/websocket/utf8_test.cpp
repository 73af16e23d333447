// SPDX-License-Identifier: MIT
#include "websocket/utf8.h"

#include <gtest/gtest.h>

namespace geventd::websocket {
namespace {

TEST(Utf8, KnowsWhatIsIt) {
    for (const std::string_view text :
         {"", "plain", "K\xc3\xb6ln", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
          "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "eight chars and more: \xc3\xa4"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
}

TEST(Utf8, KnowsWhatIsNot) {
    for (const std::string_view bytes :
         {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
          "\xf8\x88\x80\x80\x80", "\xff", "a whole block \xe2\x82", "\xf0\x9f\x98"}) {
        EXPECT_FALSE(is_utf8(bytes));
    }
}

}  // namespace
}  // namespace geventd::websocket
