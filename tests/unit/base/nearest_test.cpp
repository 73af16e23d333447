// SPDX-License-Identifier: MIT
#include "base/nearest.h"

#include <gtest/gtest.h>

namespace geventd {
namespace {

TEST(EditDistance, CountsLettersAddedDroppedReplacedAndSwapped) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("cores", "cores"), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("coers", "cores"), 1U);
    EXPECT_EQ(edit_distance("core", "cores"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, FindsTheMisspelledWordOnly) {
    const std::vector<std::string> words{"level", "format", "file", "access"};
    EXPECT_EQ(nearest("levle", words), "level");
    EXPECT_EQ(nearest("acces", words), "access");
    EXPECT_EQ(nearest("zzz", words), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), words), "");
}

}  // namespace
}  // namespace geventd
