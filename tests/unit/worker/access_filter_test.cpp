// SPDX-License-Identifier: MIT
#include "worker/requests/access_filter.h"

#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

using namespace std::chrono_literals;

TEST(AccessFilter, WithoutConditionsAllRequestsPass) {
    const AccessFilter filter({});
    EXPECT_TRUE(filter.passes(200, 0s));
    EXPECT_TRUE(filter.passes(999, 1h));
}

TEST(AccessFilter, AStatusOrItsClassPasses) {
    const AccessFilter filter({.status = {"404", "5xx"}, .slower = 0ms});
    for (const int status : {404, 500, 599}) {
        EXPECT_TRUE(filter.passes(status, 0s)) << status;
    }
    for (const int status : {0, 200, 403, 405, 499, 600, 999, -1}) {
        EXPECT_FALSE(filter.passes(status, 1h)) << status;
    }
}

TEST(AccessFilter, EitherConditionSuffices) {
    const AccessFilter filter({.status = {"4xx"}, .slower = 1s});
    EXPECT_TRUE(filter.passes(200, 1001ms));
    EXPECT_TRUE(filter.passes(404, 0s));
    EXPECT_FALSE(filter.passes(200, 1s));
}

}  // namespace
}  // namespace geventd::worker
