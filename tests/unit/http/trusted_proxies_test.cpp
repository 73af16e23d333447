// SPDX-License-Identifier: MIT
#include "http/trusted_proxies.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace geventd::http {

namespace {

TrustedProxies make(const std::vector<std::string>& entries) {
    auto proxies = TrustedProxies::parse(entries);
    EXPECT_TRUE(proxies) << (proxies ? "" : proxies.error().message);
    return std::move(*proxies);
}

TEST(TrustedProxies, TrustsNobodyByDefault) {
    const TrustedProxies nobody;
    EXPECT_TRUE(nobody.empty());
    EXPECT_FALSE(nobody.contains("127.0.0.1"));
    EXPECT_FALSE(nobody.contains("unix"));
    EXPECT_FALSE(nobody.contains(""));
}

TEST(TrustedProxies, MatchesAddressesAndNetworks) {
    const TrustedProxies proxies =
        make({"127.0.0.1", "10.0.0.0/8", "192.168.4.0/22", "2001:db8::/33", "::1"});
    for (const char* inside : {"127.0.0.1", "10.255.0.1", "192.168.7.255", "2001:db8:7fff::1",
                               "::1", "::ffff:10.1.2.3"}) {
        EXPECT_TRUE(proxies.contains(inside)) << inside;
    }
    for (const char* outside : {"127.0.0.2", "11.0.0.1", "192.168.8.0", "2001:db8:8000::1", "::2",
                                "unix", "", "garbage", "10.0.0.1:80"}) {
        EXPECT_FALSE(proxies.contains(outside)) << outside;
    }
}

TEST(TrustedProxies, MatchesEverythingWithPrefixZero) {
    EXPECT_TRUE(make({"0.0.0.0/0"}).contains("8.8.8.8"));
    EXPECT_FALSE(make({"0.0.0.0/0"}).contains("2001:db8::1"));
    EXPECT_TRUE(make({"::/0"}).contains("2001:db8::1"));
    EXPECT_TRUE(make({"::/0"}).contains("8.8.8.8"));
}

TEST(TrustedProxies, FindsAPeerAmongMany) {
    std::vector<std::string> entries;
    for (int i = 0; i < 100'000; ++i) {
        entries.push_back(fmt::format("10.{}.{}.{}/32", i / 25'000, i / 100 % 250, i % 100));
    }
    entries.emplace_back("192.0.2.0/24");
    entries.emplace_back("2001:db8::/33");
    const auto proxies = TrustedProxies::parse(entries);
    ASSERT_TRUE(proxies);
    for (const char* inside : {"10.0.0.0", "10.3.249.99", "192.0.2.255", "2001:db8:7fff::"}) {
        EXPECT_TRUE(proxies->contains(inside)) << inside;
    }
    for (const char* outside : {"10.0.0.100", "10.4.0.0", "192.0.3.0", "2001:db8:8000::"}) {
        EXPECT_FALSE(proxies->contains(outside)) << outside;
    }
}

TEST(TrustedProxies, KnowsUnixPeers) {
    EXPECT_TRUE(make({"unix"}).contains("unix"));
    EXPECT_TRUE(make({"unix"}).contains(""));
    EXPECT_FALSE(make({"unix"}).contains("127.0.0.1"));
}

TEST(TrustedProxies, SaysWhatIsWrongWithAnEntry) {
    for (const char* bad : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129",
                            "10.0.0.1/8", "10.0.0/8", "/8", "10.0.0.0/8/8"}) {
        const auto proxies = TrustedProxies::parse(std::vector<std::string>{bad});
        ASSERT_FALSE(proxies) << bad;
        EXPECT_NE(proxies.error().message.find(fmt::format("'{}'", bad)), std::string::npos);
    }
}

}  // namespace

}  // namespace geventd::http
