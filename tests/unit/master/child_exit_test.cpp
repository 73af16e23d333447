// SPDX-License-Identifier: MIT
#include "master/process/child_exit.h"

#include <csignal>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

ChildExit left_with(int code) {
    return {1, code << 8};
}

TEST(ChildExit, NamesTheSignalThatKilled) {
    EXPECT_EQ(describe({1, SIGTERM}), "killed by SIGTERM");
    EXPECT_EQ(describe({1, SIGKILL}),
              "killed by SIGKILL, by hand or by the kernel for want of memory");
    EXPECT_EQ(describe({1, SIGSEGV | 0x80}),
              "killed by SIGSEGV, a crash in native code (core dumped)");
    EXPECT_EQ(describe({1, 40}), "killed by signal 40");
}

TEST(ChildExit, SaysWhatACodeOfOursMeans) {
    EXPECT_EQ(describe(left_with(3)), "exited with code 3");
    EXPECT_EQ(describe(left_with(64)), "exited with code 64: the application cannot be loaded");
    EXPECT_EQ(describe(left_with(65)), "exited with code 65: Python or gevent cannot be used");
    EXPECT_EQ(describe(left_with(66)),
              "exited with code 66: uwsgi.post_fork_hook or hooks.post-fork failed");
    EXPECT_EQ(describe(left_with(67)),
              "exited with code 67: it did not come to its end within its time");
}

TEST(ChildExit, SaysWhyTheMasterKilled) {
    EXPECT_EQ(describe({1, SIGKILL}, "it was late"), "killed by the master: it was late");
    EXPECT_EQ(describe({1, SIGSEGV}, "it was late"), "killed by SIGSEGV, a crash in native code");
    EXPECT_EQ(describe(left_with(0), "it was late"), "exited with code 0");
}

TEST(ChildExit, TellsCodesFromSignals) {
    EXPECT_TRUE(left_with(64).has_code(ExitCode::ApplicationFailed));
    EXPECT_FALSE(left_with(65).has_code(ExitCode::ApplicationFailed));
    EXPECT_FALSE((ChildExit{1, SIGTERM}.has_code(ExitCode::Ok)));
    EXPECT_TRUE(left_with(0).has_code(ExitCode::Ok));
}

}  // namespace
}  // namespace geventd::master
