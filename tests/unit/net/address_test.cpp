// SPDX-License-Identifier: MIT
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

#include <gtest/gtest.h>

namespace geventd::net {
namespace {

TEST(WithoutScheme, LeavesWhatNamesTheSocket) {
    EXPECT_EQ(without_scheme("http://127.0.0.1:80"), "127.0.0.1:80");
    EXPECT_EQ(without_scheme("uwsgi://[::1]:80"), "[::1]:80");
    EXPECT_EQ(without_scheme("http+unix:/run/app.sock"), "/run/app.sock");
    EXPECT_EQ(without_scheme("http+unix:@name"), "@name");
}

std::string refusal(std::string_view text) {
    const auto address = parse_address(text);
    return address ? "accepted as " + format_address(*address) : address.error().message;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(ParseAddress, ReadsIpv4WithPort) {
    const auto address = parse_address("http://127.0.0.1:8000");
    ASSERT_TRUE(address);
    EXPECT_EQ(*address, (Address{Protocol::Http, Family::Inet, "127.0.0.1", 8000, ""}));
}

TEST(ParseAddress, ReadsIpv6InBracketsInItsShortestForm) {
    const auto address = parse_address("uwsgi://[0:0:0:0:0:0:0:1]:3031");
    ASSERT_TRUE(address);
    EXPECT_EQ(*address, (Address{Protocol::Uwsgi, Family::Inet6, "::1", 3031, ""}));
}

TEST(ParseAddress, TakesAnEmptyHostAsTheWildcardOfBothFamilies) {
    const auto address = parse_address("http://:8000");
    ASSERT_TRUE(address);
    EXPECT_EQ(*address, (Address{Protocol::Http, Family::Inet6, "", 8000, ""}));
}

TEST(ParseAddress, TakesPortZero) {
    const auto address = parse_address("http://127.0.0.1:0");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->port, 0);
}

TEST(ParseAddress, ResolvesHostNamesToLiterals) {
    const auto address = parse_address("http://localhost:8000");
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_TRUE(address->host == "127.0.0.1" || address->host == "::1") << address->host;
}

TEST(ParseAddress, ReadsUnixPathsAndAbstractNames) {
    const auto path = parse_address("uwsgi+unix:/run/app.sock");
    ASSERT_TRUE(path);
    EXPECT_EQ(*path, (Address{Protocol::Uwsgi, Family::Unix, "", 0, "/run/app.sock"}));
    const auto relative = parse_address("http+unix:app.sock");
    ASSERT_TRUE(relative);
    EXPECT_EQ(relative->path, "app.sock");
    const auto name = parse_address("http+unix:@app");
    ASSERT_TRUE(name);
    EXPECT_EQ(*name, (Address{Protocol::Http, Family::Abstract, "", 0, "app"}));
}

TEST(ParseAddress, BoundsUnixPathsByWhatTheKernelTakes) {
    EXPECT_TRUE(parse_address("http+unix:/" + std::string(kMaxUnixPath - 1, 'a')));
    EXPECT_TRUE(contains(refusal("http+unix:/" + std::string(kMaxUnixPath, 'a')), "at most 107"));
    EXPECT_TRUE(parse_address("http+unix:@" + std::string(kMaxUnixPath, 'a')));
    EXPECT_TRUE(
        contains(refusal("http+unix:@" + std::string(kMaxUnixPath + 1, 'a')), "at most 107"));
}

TEST(ParseAddress, SuggestsASchemeWhereNoneIsGiven) {
    EXPECT_TRUE(contains(refusal("127.0.0.1:8000"), "did you mean http://127.0.0.1:8000?"));
    EXPECT_TRUE(contains(refusal(":8000"), "did you mean http://:8000?"));
    EXPECT_TRUE(contains(refusal("8000"), "did you mean http://:8000?"));
    EXPECT_TRUE(contains(refusal("/run/app.sock"), "did you mean http+unix:/run/app.sock?"));
    EXPECT_TRUE(contains(refusal("unix:/run/app.sock"), "did you mean http+unix:/run/app.sock?"));
    EXPECT_TRUE(
        contains(refusal("http://unix:/run/app.sock"), "did you mean http+unix:/run/app.sock?"));
    EXPECT_TRUE(
        contains(refusal("http+unix:///run/app.sock"), "did you mean http+unix:/run/app.sock?"));
    EXPECT_TRUE(contains(refusal("ftp://127.0.0.1:21"), "no address to listen on"));
    EXPECT_TRUE(contains(refusal(""), "no address to listen on"));
}

TEST(ParseAddress, ReadsHttps) {
    const auto address = parse_address("https://127.0.0.1:8443");
    ASSERT_TRUE(address);
    EXPECT_EQ(*address, (Address{Protocol::Http, Family::Inet, "127.0.0.1", 8443, "", true}));
    EXPECT_FALSE(parse_address("http://127.0.0.1:8443")->tls);
    EXPECT_TRUE(contains(refusal("uwsgis://127.0.0.1:8443"), "no address to listen on"));
}

TEST(ParseAddress, RefusesAMissingPort) {
    EXPECT_TRUE(contains(refusal("http://127.0.0.1"), "such as http://127.0.0.1:8000"));
    EXPECT_TRUE(contains(refusal("http://127.0.0.1:"), "such as http://127.0.0.1:8000"));
    EXPECT_TRUE(contains(refusal("http://[::1]"), "such as http://[::1]:8000"));
    EXPECT_TRUE(contains(refusal("http://"), "has no port"));
}

TEST(ParseAddress, RefusesWhatIsNoPort) {
    for (const char* port : {"65536", "-1", "+80", "80x", "0x50", " 80", "99999999999"}) {
        EXPECT_TRUE(contains(refusal(std::string("http://127.0.0.1:") + port), "is no port"))
            << port;
    }
}

TEST(ParseAddress, RefusesWhatFollowsThePort) {
    EXPECT_TRUE(contains(refusal("http://127.0.0.1:8000/"), "did you mean http://127.0.0.1:8000?"));
    EXPECT_TRUE(contains(refusal("http://:80/app?x"), "did you mean http://:80?"));
    EXPECT_TRUE(contains(refusal("http://:80#x"), "did you mean http://:80?"));
}

TEST(ParseAddress, RefusesBrokenHosts) {
    EXPECT_TRUE(contains(refusal("http://::1:8000"), "needs brackets"));
    EXPECT_TRUE(contains(refusal("http://[::1:8000"), "not closed"));
    EXPECT_TRUE(contains(refusal("http://[::1]8000"), "colon and the port"));
    EXPECT_TRUE(contains(refusal("http://[]:8000"), "no IPv6 address"));
    EXPECT_TRUE(contains(refusal("http://[127.0.0.1]:8000"), "no IPv6 address"));
    EXPECT_TRUE(contains(refusal("http://*:8000"), "for every address write http://:8000"));
    EXPECT_TRUE(contains(refusal("http://no such host:8000"), "host 'no such host'"));
    EXPECT_TRUE(contains(refusal("http+unix:"), "has no path"));
    EXPECT_TRUE(contains(refusal("http+unix:@"), "has no path"));
}

TEST(FormatAddress, GivesBackWhatParseTook) {
    for (const char* text :
         {"http://127.0.0.1:8000", "http://[::1]:8000", "uwsgi://:0", "http://0.0.0.0:80",
          "http://[::]:80", "https://[::]:443", "uwsgi+unix:/run/app.sock", "http+unix:@app",
          "https+unix:/run/app.sock"}) {
        const auto address = parse_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(format_address(*address), text);
    }
}

TEST(FormatSockaddr, WritesEachFamily) {
    sockaddr_storage storage{};
    sockaddr_in inet{};
    inet.sin_family = AF_INET;
    inet.sin_port = htons(4242);
    ::inet_pton(AF_INET, "127.0.0.1", &inet.sin_addr);
    std::memcpy(&storage, &inet, sizeof inet);
    EXPECT_EQ(format_sockaddr(storage, sizeof inet), "127.0.0.1:4242");

    sockaddr_in6 inet6{};
    inet6.sin6_family = AF_INET6;
    inet6.sin6_port = htons(80);
    ::inet_pton(AF_INET6, "::1", &inet6.sin6_addr);
    std::memcpy(&storage, &inet6, sizeof inet6);
    EXPECT_EQ(format_sockaddr(storage, sizeof inet6), "[::1]:80");
    ::inet_pton(AF_INET6, "::ffff:10.1.2.3", &inet6.sin6_addr);
    std::memcpy(&storage, &inet6, sizeof inet6);
    EXPECT_EQ(format_sockaddr(storage, sizeof inet6), "10.1.2.3:80");
}

TEST(FormatSockaddr, WritesUnixPeersWithAndWithoutAName) {
    sockaddr_storage storage{};
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    constexpr socklen_t kUnnamed = sizeof local.sun_family;
    std::memcpy(&storage, &local, sizeof local);
    EXPECT_EQ(format_sockaddr(storage, kUnnamed), "unix:");
    std::strcpy(local.sun_path, "/run/x");
    std::memcpy(&storage, &local, sizeof local);
    EXPECT_EQ(format_sockaddr(storage, kUnnamed + 7), "unix:/run/x");
    std::memcpy(local.sun_path, "\0name", 5);
    std::memcpy(&storage, &local, sizeof local);
    EXPECT_EQ(format_sockaddr(storage, kUnnamed + 5), "unix:@name");
}

}  // namespace
}  // namespace geventd::net
