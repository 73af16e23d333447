// SPDX-License-Identifier: MIT
#include "http/proxy_header.h"

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

using namespace std::string_literals;
using State = ProxyResult::State;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string v2(char command, char family, const std::string& block) {
    std::string header = kSignature;
    header.push_back(command);
    header.push_back(family);
    header.push_back(static_cast<char>(block.size() >> 8U));
    header.push_back(static_cast<char>(block.size() & 0xffU));
    return header + block;
}

const std::string kInet("\x01\x02\x03\x04\x0a\x00\x00\x01\x30\x39\x01\xbb", 12);

TEST(ProxyHeader, DecodesVersion1AtEveryCut) {
    const std::string line = "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n";
    for (std::size_t cut = 0; cut < line.size(); ++cut) {
        ASSERT_EQ(decode_proxy_header(line.substr(0, cut)).state, State::Incomplete) << cut;
    }
    const ProxyResult result = decode_proxy_header(line + "GET / HTTP/1.1\r\n");
    ASSERT_EQ(result.state, State::Complete);
    EXPECT_EQ(result.length, line.size());
    EXPECT_TRUE(result.header.known);
    EXPECT_EQ(result.header.source.address, "192.0.2.1");
    EXPECT_EQ(result.header.source.port, 56324);
    EXPECT_EQ(result.header.destination.address, "10.0.0.1");
    EXPECT_EQ(result.header.destination.port, 443);
}

TEST(ProxyHeader, DecodesVersion1ForIpv6AndUnknown) {
    EXPECT_EQ(decode_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 2\r\n").header.source.address,
              "2001:db8::1");
    const ProxyResult unknown = decode_proxy_header("PROXY UNKNOWN whatever\r\nGET");
    EXPECT_EQ(unknown.state, State::Complete);
    EXPECT_FALSE(unknown.header.known);
    EXPECT_EQ(unknown.length, 24U);
}

TEST(ProxyHeader, RejectsMalformedVersion1) {
    for (const char* bad :
         {"GET / HTTP/1.1\r\n", "PROXX", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n",
          "PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n", "PROXY TCP4 192.0.2.1 10.0.0.1 1 02\r\n",
          "PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n",
          "PROXY TCP4 192.0.2.1  10.0.0.1 1 2\r\n", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n",
          "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
          "PROXY TCP4 192.0.2.256 10.0.0.1 1 2\r\n", "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
          "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY \r\n", "PROXY TCP4\rX"}) {
        EXPECT_EQ(decode_proxy_header(bad).state, State::Rejected) << bad;
    }
    EXPECT_EQ(decode_proxy_header("PROXY UNKNOWN " + std::string(92, 'a')).state,
              State::Incomplete);
    EXPECT_EQ(decode_proxy_header("PROXY UNKNOWN " + std::string(93, 'a')).state, State::Rejected);
}

TEST(ProxyHeader, DecodesVersion2AtEveryCut) {
    const std::string header = v2(0x21, 0x11, kInet);
    for (std::size_t cut = 0; cut < header.size(); ++cut) {
        ASSERT_EQ(decode_proxy_header(header.substr(0, cut)).state, State::Incomplete) << cut;
    }
    const ProxyResult result = decode_proxy_header(header + "GET /");
    ASSERT_EQ(result.state, State::Complete);
    EXPECT_EQ(result.length, 28U);
    EXPECT_EQ(result.header.source.address, "1.2.3.4");
    EXPECT_EQ(result.header.source.port, 12345);
    EXPECT_EQ(result.header.destination.address, "10.0.0.1");
    EXPECT_EQ(result.header.destination.port, 443);
    EXPECT_FALSE(result.header.tls);
}

TEST(ProxyHeader, ReadsVersion2FamiliesAndTlvs) {
    const std::string ip6 = std::string(15, '\0') + '\x01';
    EXPECT_EQ(
        decode_proxy_header(v2(0x21, 0x21, ip6 + ip6 + "\0\x01\0\x02"s)).header.source.address,
        "::1");
    std::string paths = "/run/a.sock";
    paths.resize(216);
    EXPECT_EQ(decode_proxy_header(v2(0x21, 0x31, paths)).header.source.address, "/run/a.sock");
    const std::string tls = kInet + "\x04\0\x01x"s + "\x20\0\x05\x01\0\0\0\0"s;
    EXPECT_TRUE(decode_proxy_header(v2(0x21, 0x11, tls)).header.tls);
    EXPECT_FALSE(decode_proxy_header(v2(0x20, 0x11, kInet)).header.known);
    EXPECT_FALSE(decode_proxy_header(v2(0x21, 0x00, "")).header.known);
}

TEST(ProxyHeader, RejectsMalformedVersion2) {
    EXPECT_EQ(decode_proxy_header(v2(0x11, 0x11, kInet)).state, State::Rejected);
    EXPECT_EQ(decode_proxy_header(v2(0x22, 0x11, kInet)).state, State::Rejected);
    EXPECT_EQ(decode_proxy_header(v2(0x21, 0x12, kInet)).state, State::Rejected);
    EXPECT_EQ(decode_proxy_header(v2(0x21, 0x11, kInet.substr(1))).state, State::Rejected);
    EXPECT_EQ(decode_proxy_header(v2(0x21, 0x21, kInet)).state, State::Rejected);
    EXPECT_EQ(decode_proxy_header(v2(0x21, 0x11, kInet + "\x04\0\x02x"s)).state, State::Rejected);
    EXPECT_EQ(decode_proxy_header(v2(0x21, 0x11, kInet + "\x04"s)).state, State::Rejected);
    EXPECT_EQ(decode_proxy_header(v2(0x21, 0x11, std::string(4081, 'x')).substr(0, 16)).state,
              State::Rejected);
}

}  // namespace

}  // namespace geventd::http
