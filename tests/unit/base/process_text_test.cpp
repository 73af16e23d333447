// SPDX-License-Identifier: MIT
#include "base/process_text.h"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

namespace geventd {
namespace {

TEST(ProcessText, NamesTheCommandAndItsFolder) {
    const std::string text = process_text(::getpid());
    const std::string start = "process " + std::to_string(::getpid()) + " (";
    EXPECT_TRUE(text.starts_with(start)) << text;
    EXPECT_NE(text.find("base_test"), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with(", in " + std::filesystem::current_path().string() + ")")) << text;
    EXPECT_EQ(text.find('\0'), std::string::npos);
}

TEST(ProcessText, HasTheNumberAtLeast) {
    EXPECT_EQ(process_text(0x7fff'ffff), "process 2147483647");
}

}  // namespace
}  // namespace geventd
