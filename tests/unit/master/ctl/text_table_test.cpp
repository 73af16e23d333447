// SPDX-License-Identifier: MIT
#include "master/ctl/view/text_table.h"

#include <string>

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

TEST(TextTable, LeavesOutColumnsThatHaveNoFigures) {
    TextTable table({{"A"}, {"B", TextTable::Align::Right, true}, {"C"}});
    table.add({"x", "0", "y"});
    table.add({"x", "-", "y"});
    EXPECT_EQ(table.format(), "A  C\nx  y\nx  y\n");
    table.add({"x", "1", "y"});
    EXPECT_EQ(table.format(), "A  B  C\nx  0  y\nx  -  y\nx  1  y\n");
}

TEST(TextTable, LeavesOutWhatDoesNotFitByItsRank) {
    const std::string wide(47, 'x');
    const auto right = TextTable::Align::Right;
    TextTable table({{"A"}, {"B", right, false, 1}, {"C", right, false, 2}, {"D"}});
    table.add({wide, wide, "c", "d"});
    EXPECT_EQ(table.format().find('C'), std::string::npos) << table.format();
    EXPECT_NE(table.format().find('D'), std::string::npos);
    EXPECT_NE(table.format().find('B'), std::string::npos);
}

TEST(TextTable, WithoutRowsIsItsTitles) {
    EXPECT_EQ(TextTable({{"A"}, {"B"}}).format(), "A  B\n");
}

}  // namespace
}  // namespace geventd::ctl
