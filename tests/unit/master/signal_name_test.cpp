// SPDX-License-Identifier: MIT
#include "master/process/signal_name.h"

#include <csignal>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

TEST(SignalName, IsTheCLibrarysWhereThatHasOne) {
    for (int number = 1; number < NSIG; ++number) {
        const char* name = ::sigabbrev_np(number);
        EXPECT_EQ(signal_name(number),
                  name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number));
    }
}

}  // namespace
}  // namespace geventd::master
