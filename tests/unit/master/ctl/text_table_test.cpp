// SPDX-License-Identifier: MIT
#include "master/ctl/view/text_table.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(TextTable, AlignsItsColumns) {
    TextTable table({{"N", TextTable::Align::Right}, {"STATE"}, {"X", TextTable::Align::Right}});
    table.add({"1", "ready", "7"});
    table.add({"12", "draining", "1000"});
    EXPECT_EQ(table.format(),
              " N  STATE        X\n"
              " 1  ready        7\n"
              "12  draining  1000\n");
}

TEST(TextTable, LeavesNoBlanksAtTheEnd) {
    TextTable table({{"A"}, {"LONG"}});
    table.add({"x", "y"});
    EXPECT_EQ(table.format(), "A  LONG\nx  y\n");
}

TEST(TextTable, WithoutRowsIsItsTitles) {
    EXPECT_EQ(TextTable({{"A"}, {"B"}}).format(), "A  B\n");
}

}  // namespace
}  // namespace geventd::ctl
