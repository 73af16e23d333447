// SPDX-License-Identifier: MIT
#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

ForwardedClient read(const std::vector<Header>& headers, std::string_view peer = "127.0.0.1") {
    static const TrustedProxies trusted =
        *TrustedProxies::parse(std::vector<std::string>{"127.0.0.1", "10.0.0.0/8", "unix"});
    RequestHead head;
    head.headers = headers;
    return read_forwarded(head, peer, trusted);
}

TEST(Forwarded, BelievesNothingOfAnUntrustedPeer) {
    const auto client = read({{"X-Forwarded-For", "1.2.3.4"},
                              {"X-Forwarded-Proto", "https"},
                              {"Forwarded", "for=1.2.3.4;host=evil"}},
                             "192.0.2.9");
    EXPECT_EQ(client.address, "192.0.2.9");
    EXPECT_EQ(client.scheme, "");
    EXPECT_EQ(client.host, "");
}

TEST(Forwarded, StaysWithThePeerWhenNothingIsSaid) {
    EXPECT_EQ(read({}).address, "127.0.0.1");
    EXPECT_EQ(read({{"X-Forwarded-For", ""}}).address, "127.0.0.1");
}

TEST(Forwarded, TakesTheFirstUntrustedAddressFromTheEnd) {
    EXPECT_EQ(read({{"X-Forwarded-For", "9.9.9.9, 1.2.3.4, 10.0.0.5"}}).address, "1.2.3.4");
    EXPECT_EQ(read({{"X-Forwarded-For", "9.9.9.9"}, {"x-forwarded-for", "1.2.3.4"}}).address,
              "1.2.3.4");
    EXPECT_EQ(read({{"X-Forwarded-For", "10.0.0.6, 10.0.0.5"}}).address, "10.0.0.6");
    EXPECT_EQ(read({{"X-Forwarded-For", "1.2.3.4"}}, "unix").address, "1.2.3.4");
}

TEST(Forwarded, EndsTheTrailAtGarbage) {
    EXPECT_EQ(read({{"X-Forwarded-For", "1.2.3.4, unknown, 10.0.0.5"}}).address, "10.0.0.5");
    EXPECT_EQ(read({{"X-Forwarded-For", "1.2.3.4, <script>"}}).address, "127.0.0.1");
    EXPECT_EQ(read({{"X-Forwarded-For", "1.2.3.4,"}}).address, "127.0.0.1");
}

TEST(Forwarded, StripsPortsAndBrackets) {
    EXPECT_EQ(read({{"X-Forwarded-For", "1.2.3.4:5678"}}).address, "1.2.3.4");
    EXPECT_EQ(read({{"X-Forwarded-For", "[2001:db8::1]:80"}}).address, "2001:db8::1");
    EXPECT_EQ(read({{"X-Forwarded-For", "2001:db8::1"}}).address, "2001:db8::1");
}

TEST(Forwarded, ReadsSchemeHostAndPort) {
    const auto client = read({{"X-Forwarded-For", "1.2.3.4"},
                              {"X-Forwarded-Proto", "http, HTTPS"},
                              {"X-Forwarded-Host", "evil, example.com:8443"},
                              {"X-Forwarded-Port", "8443"}});
    EXPECT_EQ(client.scheme, "https");
    EXPECT_EQ(client.host, "example.com:8443");
    EXPECT_EQ(client.port, "8443");
    EXPECT_EQ(read({{"X-Forwarded-Proto", "gopher"}}).scheme, "");
    EXPECT_EQ(read({{"X-Forwarded-Host", "a b"}}).host, "");
    EXPECT_EQ(read({{"X-Forwarded-Port", "8443a"}}).port, "");
}

TEST(Forwarded, ReadsRfc7239) {
    const auto client = read({{"Forwarded",
                               "for=9.9.9.9;host=evil, For=\"[2001:db8::1]:47\" ; Proto=HTTPS;"
                               "host=\"example.com:81\";by=x, for=10.0.0.5;proto=http"}});
    EXPECT_EQ(client.address, "2001:db8::1");
    EXPECT_EQ(client.scheme, "https");
    EXPECT_EQ(client.host, "example.com:81");
    EXPECT_EQ(read({{"Forwarded", "for=_hidden;proto=https"}}).address, "127.0.0.1");
    EXPECT_EQ(read({{"Forwarded", "for=\"a,for=1.2.3.4;b\""}}).address, "127.0.0.1");
}

TEST(Forwarded, BelievesTwoFamiliesOnlyWhereTheyAgree) {
    const auto agreeing = read({{"X-Forwarded-For", "1.2.3.4"},
                                {"X-Forwarded-Proto", "https"},
                                {"Forwarded", "for=1.2.3.4"}});
    EXPECT_EQ(agreeing.address, "1.2.3.4");
    EXPECT_EQ(agreeing.scheme, "https");
    const auto smuggled = read({{"X-Forwarded-For", "1.2.3.4"},
                                {"X-Forwarded-Proto", "https"},
                                {"Forwarded", "for=9.9.9.9;host=evil"}});
    EXPECT_EQ(smuggled.address, "127.0.0.1");
    EXPECT_EQ(smuggled.scheme, "");
    EXPECT_EQ(read({{"X-Forwarded-Proto", "https"}, {"Forwarded", "for=9.9.9.9"}}).address,
              "127.0.0.1");
}

}  // namespace

}  // namespace geventd::http
