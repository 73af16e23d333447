// SPDX-License-Identifier: MIT
#include "master/ctl/view/wrap.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(Wrap, LeavesWhatFits) {
    EXPECT_EQ(wrap(""), "\n");
    EXPECT_EQ(wrap("  a   line "), "  a   line \n");
    EXPECT_EQ(wrap(std::string(kTextWidth, 'x')), std::string(kTextWidth, 'x') + "\n");
}

TEST(Wrap, BreaksAtBlanksAndIndents) {
    const std::string half(60, 'x');
    EXPECT_EQ(wrap(half + "  " + half + " y"), half + "\n    " + half + " y\n");
    EXPECT_EQ(wrap(half + half + half), half + half + half + "\n");
}

TEST(Wrap, CountsCharacters) {
    std::string text = "x";
    for (int count = 0; count < 49; ++count) {
        text += " \xc3\xa9";
    }
    EXPECT_EQ(wrap(text), text + "\n");
}

}  // namespace
}  // namespace geventd::ctl
