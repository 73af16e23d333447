// SPDX-License-Identifier: MIT
#include "base/uninterrupted.h"

#include <gtest/gtest.h>

namespace geventd {

TEST(Uninterrupted, CallsAgainWhileSignalsInterrupt) {
    int calls = 0;
    EXPECT_EQ(uninterrupted([&] {
                  errno = EINTR;
                  return ++calls < 3 ? -1 : 7;
              }),
              7);
    EXPECT_EQ(calls, 3);
}

TEST(Uninterrupted, LeavesOtherErrorsToTheCaller) {
    int calls = 0;
    EXPECT_EQ(uninterrupted([&] {
                  ++calls;
                  errno = EAGAIN;
                  return -1;
              }),
              -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(calls, 1);
}

}  // namespace geventd
