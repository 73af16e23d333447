// SPDX-License-Identifier: MIT
#include "master/metrics/host_rule.h"

#include <gtest/gtest.h>

namespace geventd::master {

namespace {

HostRule rule_at(const char* address, std::vector<std::string> names = {}) {
    return {*net::parse_address(address), std::move(names)};
}

TEST(HostRule, AnswersAtALoopbackAddressToWhatNobodyElseCanOwn) {
    for (const char* address :
         {"http://127.0.0.1:9090", "http://127.0.0.53:1", "http://[::1]:80"}) {
        const HostRule rule = rule_at(address);
        for (const char* good :
             {"", "127.0.0.1", "127.0.0.1:9090", "[::1]:9090", "10.0.0.7:9090", "localhost",
              "LocalHost:9090", "localhost.", "app.localhost:9090", "ip6-localhost"}) {
            EXPECT_TRUE(rule.allows(good)) << good;
        }
        for (const char* bad :
             {"evil.example", "evil.example:9090", "localhost.evil.example", "notlocalhost",
              "127.0.0.1.evil.example", "127.0.0.1x", "1", "0x7f000001", "evil.example.",
              "localhost.localdomain", "metrics.example.com"}) {
            EXPECT_FALSE(rule.allows(bad)) << bad;
        }
    }
}

TEST(HostRule, AnswersToTheNamesOfTheSetting) {
    const HostRule rule = rule_at("http://127.0.0.1:9090", {"Metrics.example.com", "other."});
    EXPECT_TRUE(rule.allows("metrics.EXAMPLE.com:443"));
    EXPECT_TRUE(rule.allows("metrics.example.com."));
    EXPECT_TRUE(rule.allows("other"));
    EXPECT_TRUE(rule.allows("localhost"));
    EXPECT_FALSE(rule.allows("example.com"));
    EXPECT_FALSE(rule.allows("x.metrics.example.com"));
}

TEST(HostRule, AnswersElsewhereToEveryNameUnlessSomeAreListed) {
    for (const char* address : {"http://10.0.0.1:9090", "http://0.0.0.0:9090", "http+unix:/a"}) {
        EXPECT_TRUE(rule_at(address).allows("any.example")) << address;
        EXPECT_FALSE(rule_at(address, {"one.example"}).allows("any.example")) << address;
        EXPECT_TRUE(rule_at(address, {"one.example"}).allows("one.example")) << address;
    }
}

}  // namespace

}  // namespace geventd::master
