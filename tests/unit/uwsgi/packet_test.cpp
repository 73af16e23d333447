// SPDX-License-Identifier: MIT
#include "uwsgi/packet.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/unit/uwsgi/make_packet.h"

namespace geventd::uwsgi {

namespace {

using namespace std::string_view_literals;
using State = PacketScanner::State;

constexpr PacketLimits kLimits{};

http::Rejection scan(std::string_view bytes, const PacketLimits& limits = kLimits) {
    PacketScanner scanner;
    scanner.scan(bytes, limits);
    return scanner.rejection();
}

http::Rejection decode(std::string_view block, const PacketLimits& limits = kLimits) {
    std::vector<Var> vars;
    return decode_vars(block, limits, vars);
}

TEST(PacketHeader, IsLittleEndian) {
    EXPECT_EQ(parse_header("\x6e\x02\x01\x07"sv), (PacketHeader{kSignal, 258, 7}));
    EXPECT_EQ(parse_header("\xff\xff\xff\xff"sv), (PacketHeader{kResponse, 65535, 255}));
}

TEST(PacketScanner, WaitsForTheWholeBlock) {
    const std::array vars{Var{"REQUEST_METHOD", "GET"}, Var{"QUERY_STRING", ""}};
    const std::string packet = make_packet(kRequest, 3, vars);
    PacketScanner scanner;
    for (std::size_t cut = 0; cut < packet.size(); ++cut) {
        ASSERT_EQ(scanner.scan(packet.substr(0, cut), kLimits), State::Incomplete) << cut;
    }
    ASSERT_EQ(scanner.scan(packet + "body", kLimits), State::Complete);
    EXPECT_EQ(scanner.length(), packet.size());
    EXPECT_EQ(scanner.header().modifier2, 3);

    std::vector<Var> decoded;
    ASSERT_EQ(decode_vars(std::string_view(packet).substr(kHeaderSize), kLimits, decoded).status,
              0);
    ASSERT_EQ(decoded.size(), 2U);
    EXPECT_EQ(decoded[0].key, "REQUEST_METHOD");
    EXPECT_EQ(decoded[0].value, "GET");
    EXPECT_EQ(decoded[1].value, "");
}

TEST(PacketScanner, TakesPingAndSignalWithoutBlock) {
    for (const std::uint8_t modifier : {kPing, kSignal}) {
        std::string packet;
        append_packet(packet, modifier, 17);
        PacketScanner scanner;
        EXPECT_EQ(scanner.scan(packet, kLimits), State::Complete);
        EXPECT_EQ(scanner.header(), (PacketHeader{modifier, 0, 17}));
    }
}

TEST(PacketScanner, NamesTheForeignProtocol) {
    for (const char* method : {"GET /", "POST", "PUT ", "HEAD", "OPTI", "PRI *", "M-SE"}) {
        EXPECT_NE(scan(method).reason.find("HTTP"), std::string_view::npos) << method;
    }
    EXPECT_NE(scan("\x16\x03\x01\x02"sv).reason.find("TLS"), std::string_view::npos);
}

TEST(PacketScanner, RefusesEmptyAndOversizeRequests) {
    EXPECT_EQ(scan("\0\0\0\0"sv).status, 400);
    EXPECT_EQ(scan("\0\x01\x10\0"sv, {.block = 4096}).status, 431);
    EXPECT_EQ(scan("\0\0\x10\0"sv, {.block = 4096}).status, 0);
}

TEST(DecodeVars, RefusesMalformedBlocks) {
    EXPECT_EQ(decode("\x01"sv).reason, "a uwsgi key runs past the packet");
    EXPECT_EQ(decode("\x05\0AB"sv).reason, "a uwsgi key runs past the packet");
    EXPECT_EQ(decode("\0\0\x01\0A"sv).reason, "empty uwsgi key");
    EXPECT_EQ(decode("\x01\0A"sv).reason, "a uwsgi value runs past the packet");
    EXPECT_EQ(decode("\x01\0A\x01"sv).reason, "a uwsgi value runs past the packet");
    EXPECT_EQ(decode("\x01\0A\x02\0B"sv).reason, "a uwsgi value runs past the packet");
    EXPECT_EQ(decode("\x01\0A\xff\xff"sv).reason, "a uwsgi value runs past the packet");
    EXPECT_EQ(decode("\x01\0\n\0\0"sv).reason, "control character in a uwsgi key");
    EXPECT_EQ(decode("\x01\0A\0\0\x01\0B\0\0"sv, {.vars = 1}).status, 431);
    EXPECT_EQ(decode("\x01\0A\x03\0\0\n\xff"sv).status, 0);
}

}  // namespace

}  // namespace geventd::uwsgi
