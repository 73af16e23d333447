// SPDX-License-Identifier: MIT
#include "base/no_signals.h"

#include <csignal>
#include <thread>

#include <gtest/gtest.h>

namespace geventd {

namespace {

bool takes(int signal) {
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    return ::sigismember(&blocked, signal) == 0;
}

}  // namespace

TEST(NoSignals, AThreadThatIsStartedMeanwhileGetsNone) {
    bool takes_some = true;
    std::thread thread;
    {
        const NoSignals none;
        thread = std::thread(
            [&] { takes_some = takes(SIGTERM) || takes(SIGCHLD) || takes(SIGRTMAX - 5); });
    }
    thread.join();
    EXPECT_FALSE(takes_some);
}

TEST(NoSignals, TheCallerHasItsMaskBack) {
    ASSERT_TRUE(takes(SIGTERM));
    {
        const NoSignals none;
        EXPECT_FALSE(takes(SIGTERM));
    }
    EXPECT_TRUE(takes(SIGTERM));
}

}  // namespace geventd
