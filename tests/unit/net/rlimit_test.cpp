// SPDX-License-Identifier: MIT
#include "net/rlimit.h"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace geventd::net {
namespace {

class RaiseNofile : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0); }

    void TearDown() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

    static rlim_t soft() {
        rlimit now{};
        ::getrlimit(RLIMIT_NOFILE, &now);
        return now.rlim_cur;
    }

    rlimit before_{};
};

TEST_F(RaiseNofile, RaisesTheSoftLimitAsFarAsNeeded) {
    const rlimit low{64, before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(raise_nofile(200), 200U);
    EXPECT_EQ(soft(), 200U);
}

TEST_F(RaiseNofile, NeverLowers) {
    const auto now = soft();
    EXPECT_EQ(raise_nofile(8), now);
    EXPECT_EQ(soft(), now);
}

TEST_F(RaiseNofile, SaysWhatWasReached) {
    const auto reached = raise_nofile(std::uint64_t{1} << 40);  // beyond fs.nr_open
    EXPECT_EQ(reached, before_.rlim_max);
    EXPECT_EQ(soft(), reached);
}

}  // namespace
}  // namespace geventd::net
