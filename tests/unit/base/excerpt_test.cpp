// SPDX-License-Identifier: MIT
#include "base/excerpt.h"

#include <gtest/gtest.h>

namespace geventd {
namespace {

TEST(Excerpt, LeavesAShortTextAlone) {
    EXPECT_EQ(excerpt("", 8), "");
    EXPECT_EQ(excerpt("12345678", 8), "12345678");
}

TEST(Excerpt, KeepsBeginningAndEndAndSaysHowMuchIsLeftOut) {
    EXPECT_EQ(excerpt("123456789", 8), "1234\n[1 bytes are left out]\n6789");
    const std::string text = excerpt(std::string(1000, 'a') + std::string(1000, 'b'), 100);
    EXPECT_EQ(text, std::string(50, 'a') + "\n[1900 bytes are left out]\n" + std::string(50, 'b'));
}

TEST(Excerpt, CutsNoCharacter) {
    EXPECT_EQ(excerpt("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 8),
              "\xe2\x82\xac\n[3 bytes are left out]\n\xe2\x82\xac");
    EXPECT_EQ(excerpt("\x80\x80\x80\x80", 2), "\n[4 bytes are left out]\n") << "no UTF-8 at all";
}

}  // namespace
}  // namespace geventd
