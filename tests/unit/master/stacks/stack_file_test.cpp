// SPDX-License-Identifier: MIT
#include "master/stacks/stack_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

class StackFileTest : public testing::Test {
  protected:
    StackFileTest() : writer_(UniqueFd::adopt(::memfd_create("stack", MFD_CLOEXEC))) {
        file.open(UniqueFd::adopt(::dup(writer_.get())));
    }

    /// What the master shows of a stack that the process has written.
    std::string shown(const std::string& stack) {
        file.expect(now);
        EXPECT_EQ(::pwrite(writer_.get(), stack.data(), stack.size(), 0),
                  static_cast<ssize_t>(stack.size()));
        EXPECT_EQ(file.look(now), std::nullopt) << "it may still grow";
        return file.look(now).value_or("");
    }

    StackFile file;
    const TimePoint now = Clock::now();

  private:
    UniqueFd writer_;
};

TEST_F(StackFileTest, HidesTheFramesOfImports) {
    const std::string first =
        "Thread 0x1 (most recent call first):\n  File \"a.py\", line 1 in f\n";
    const std::string import =
        "  File \"<frozen importlib._bootstrap>\", line 241 in _call_with_frames_removed\n";
    const std::string last = "  File \"b.py\", line 2 in <module>\n";
    EXPECT_EQ(shown(first + import + last), first + last);
    EXPECT_EQ(shown(import + import), import + import);
    EXPECT_EQ(shown(first), first);
}

}  // namespace
}  // namespace geventd::master
