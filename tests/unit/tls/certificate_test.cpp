// SPDX-License-Identifier: MIT
#include "tls/certificate.h"

#include <chrono>

#include <gtest/gtest.h>

#include "peer.h"

namespace geventd::tls {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

TEST(Certificate, TellsOfItself) {
    const Facts facts = examine(make_pair_for({"one.test", "*.two.test"}));
    EXPECT_EQ(facts.names, (std::vector<std::string>{"one.test", "*.two.test"}));
    EXPECT_EQ(facts.subject, "CN=one.test");
    EXPECT_EQ(facts.issuer, "CN=one.test");
    EXPECT_EQ(facts.key_kind, "EC");
    EXPECT_LT(facts.not_before, system_clock::now());
    EXPECT_GT(facts.expires, system_clock::now());
    EXPECT_LT(facts.expires, system_clock::now() + hours(2));
}

TEST(Certificate, MayBeGoodForThousandsOfYears) {
    constexpr std::int64_t kYears = 7900LL * 365 * 24 * 3600;
    const Facts facts = examine(make_pair_for({"one.test"}, "EC", {.until = kYears}));
    EXPECT_GT(facts.expires, system_clock::now() + hours(200 * 365 * 24));
}

}  // namespace
}  // namespace geventd::tls
