// SPDX-License-Identifier: MIT
#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

struct Reading : ForwardedClient {
    int status = 0;
};

Reading read(const std::vector<Header>& headers, std::string_view peer = "127.0.0.1",
             std::optional<std::string_view> proxied = std::nullopt) {
    static const TrustedProxies trusted =
        *TrustedProxies::parse(std::vector<std::string>{"127.0.0.1", "10.0.0.0/8", "unix"});
    RequestHead head;
    head.headers = headers;
    Reading reading;
    reading.status = read_forwarded(head, peer, proxied, trusted, reading).status;
    return reading;
}

std::string prefix_of(std::string_view value) {
    RequestHead head;
    head.headers = {{"X-Forwarded-Prefix", value}};
    return read_forwarded_prefix(head);
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

TEST(Forwarded, TakesPortsFrom1To65535) {
    EXPECT_EQ(read({{"X-Forwarded-Port", "65535"}}).port, "65535");
    for (const char* bad : {"65536", "99999", "0", "00000", "", "443443", "-1", "+1"}) {
        EXPECT_EQ(read({{"X-Forwarded-Port", bad}}).port, "") << bad;
    }
}

TEST(Forwarded, KnowsThePortOfTheClientWhereItIsTold) {
    EXPECT_EQ(read({{"X-Forwarded-For", "1.2.3.4:5678"}}).address_port, "5678");
    EXPECT_EQ(read({{"X-Forwarded-For", "[2001:db8::1]:80"}}).address_port, "80");
    EXPECT_EQ(read({{"X-Forwarded-For", "2001:db8::1"}}).address_port, "");
    EXPECT_EQ(read({{"X-Forwarded-For", "1.2.3.4:65536"}}).address_port, "");
    EXPECT_EQ(read({{"Forwarded", "for=\"1.2.3.4:5678\""}}).address_port, "5678");
    EXPECT_EQ(read({{"Forwarded", "for=\"1.2.3.4:_hidden\""}}).address_port, "");
    EXPECT_TRUE(read({{"X-Forwarded-For", "127.0.0.1"}}).named);
    EXPECT_FALSE(read({{"X-Forwarded-Proto", "https"}}).named);
    EXPECT_FALSE(read({{"X-Forwarded-For", "1.2.3.4"}}, "192.0.2.9").named);
}

TEST(Forwarded, ReadsTheOtherFieldsThatTellTheScheme) {
    EXPECT_EQ(read({{"X-Forwarded-Ssl", "on"}}).scheme, "https");
    EXPECT_EQ(read({{"X-Forwarded-Ssl", "Off"}}).scheme, "http");
    EXPECT_EQ(read({{"X-Forwarded-Ssl", "maybe"}}).scheme, "");
    EXPECT_EQ(read({{"X-Forwarded-Protocol", "ssl"}}).scheme, "https");
    EXPECT_EQ(read({{"X-Forwarded-Protocol", "https"}}).scheme, "https");
    EXPECT_EQ(read({{"X-Forwarded-Protocol", "http"}}).scheme, "http");
    const Reading all = read({{"X-Forwarded-Proto", "https"},
                              {"X-Forwarded-Protocol", "ssl"},
                              {"X-Forwarded-Ssl", "on"}});
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.scheme, "https");
}

TEST(Forwarded, RefusesFieldsThatContradictOneAnother) {
    EXPECT_EQ(read({{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Ssl", "on"}}).status, 400);
    EXPECT_EQ(read({{"X-Forwarded-Ssl", "off"}, {"X-Forwarded-Proto", "https"}}).status, 400);
    EXPECT_EQ(read({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Protocol", "http"}}).status, 400);
    EXPECT_EQ(read({{"X-Forwarded-Protocol", "ssl"}, {"X-Forwarded-Ssl", "off"}}).status, 400);
    EXPECT_EQ(read({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Ssl", "rubbish"}}).status, 0);
    EXPECT_EQ(read({{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Ssl", "on"}}, "192.0.2.9").status,
              0);
}

TEST(Forwarded, TakesAPrefixThatCanBeginAPath) {
    EXPECT_EQ(prefix_of("/app"), "/app");
    EXPECT_EQ(prefix_of("/app/"), "/app");
    EXPECT_EQ(prefix_of("/a, /b/c"), "/b/c");
    EXPECT_EQ(prefix_of("/caf%C3%A9"), "/caf\xc3\xa9");
    EXPECT_EQ(prefix_of("/"), "");
    for (const char* bad : {"", "app", "//evil", "/%2Fevil", "/\\evil", "/%5cevil", "http://evil",
                            "/a?b", "/a b", "/%0d%0aX: y", "/%", "/%00"}) {
        EXPECT_EQ(prefix_of(bad), "") << bad;
    }
}

TEST(Forwarded, FindsTheFieldThatAProxyWouldHaveSent) {
    RequestHead head;
    head.headers = {{"Host", "a"}, {"X-Forwarded-Server", "b"}};
    EXPECT_EQ(find_forwarded_field(head), "");
    head.headers.push_back({"X-Forwarded-PROTO", "https"});
    EXPECT_EQ(find_forwarded_field(head), "X-Forwarded-PROTO");
    head.headers = {{"forwarded", "for=1.2.3.4"}};
    EXPECT_EQ(find_forwarded_field(head), "forwarded");
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

TEST(Forwarded, LeavesTheClientToAProxyHeaderAndTakesTheRestFromThePeer) {
    const std::vector<Header> fields{{"X-Forwarded-For", "9.9.9.9:99"},
                                     {"X-Forwarded-Proto", "https"},
                                     {"X-Forwarded-Host", "outer"}};
    const auto client = read(fields, "127.0.0.1", "1.2.3.4");
    EXPECT_EQ(client.address, "1.2.3.4");
    EXPECT_EQ(client.address_port, "");
    EXPECT_FALSE(client.named);
    EXPECT_EQ(client.scheme, "https");
    EXPECT_EQ(client.host, "outer");
    EXPECT_EQ(read(fields, "127.0.0.1", "10.0.0.5").address, "9.9.9.9");
    EXPECT_EQ(read(fields, "127.0.0.1", "/run/client").address, "/run/client");
    EXPECT_EQ(read(fields, "192.0.2.9", "127.0.0.1").scheme, "");
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
