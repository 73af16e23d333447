// SPDX-License-Identifier: MIT
#include "websocket/handshake.h"

#include <gtest/gtest.h>

#include "websocket/accept_key.h"

namespace geventd::websocket {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

TEST(AcceptKey, IsThatOfTheStandardsExample) {
    EXPECT_EQ(accept_key(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(AcceptKey, KnowsAKeyBySixteenBytes) {
    EXPECT_TRUE(is_key(kKey));
    EXPECT_FALSE(is_key(""));
    EXPECT_FALSE(is_key("dGhlIHNhbXBsZSBub25jZQ="));
    EXPECT_FALSE(is_key("dGhlIHNhbXBsZSBub25jZQQQ"));
    EXPECT_FALSE(is_key("dGhl HNhbXBsZSBub25jZQ=="));
}

TEST(Handshake, LacksWhatItLacks) {
    const Asked good{"GET", "keep-alive, Upgrade", "WebSocket", "13", kKey};
    EXPECT_EQ(flaw_of(good), Flaw::None);
    Asked other = good;
    other.method = "POST";
    EXPECT_EQ(flaw_of(other), Flaw::Other);
    other = good;
    other.upgrade = "";
    EXPECT_EQ(flaw_of(other), Flaw::Upgrade);
    other.key = "";
    EXPECT_EQ(flaw_of(other), Flaw::Other) << "nothing shows that it was meant";
    other = good;
    other.connection = "close";
    other.key = "short";
    EXPECT_EQ(flaw_of(other), Flaw::Connection);
    other.connection = good.connection;
    other.version = "8";
    EXPECT_EQ(flaw_of(other), Flaw::Key);
    other.key = good.key;
    EXPECT_EQ(flaw_of(other), Flaw::Version);
    other.version = "";
    EXPECT_EQ(flaw_of(other), Flaw::Version);
}

TEST(Handshake, IsOneOnlyAsTheStandardHasIt) {
    const Asked good{"GET", "keep-alive, Upgrade", "WebSocket", "13", kKey};
    EXPECT_TRUE(is_handshake(good));
    Asked other = good;
    other.method = "POST";
    EXPECT_FALSE(is_handshake(other));
    other = good;
    other.connection = "keep-alive";
    EXPECT_FALSE(is_handshake(other));
    other = good;
    other.upgrade = "h2c";
    EXPECT_FALSE(is_handshake(other));
    other = good;
    other.version = "8";
    EXPECT_TRUE(is_handshake(other)) << "it is told which version there is";
    other = good;
    other.key = "short";
    EXPECT_FALSE(is_handshake(other));
}

TEST(Handshake, OffersSubprotocolsInOrder) {
    const Handshake handshake{kKey, true, "", "chat, superchat", ""};
    EXPECT_EQ(handshake.first_protocol(), "chat");
    EXPECT_TRUE(handshake.offers("superchat"));
    EXPECT_FALSE(handshake.offers("super"));
}

TEST(Origin, IsAllowedByItselfItsHostOrADomainAbove) {
    constexpr std::string_view kOrigin = "https://chat.example.org:8443";
    EXPECT_TRUE(is_allowed_by("*", kOrigin));
    EXPECT_TRUE(is_allowed_by("https://Chat.example.org:8443", kOrigin));
    EXPECT_TRUE(is_allowed_by("chat.example.org", kOrigin));
    EXPECT_TRUE(is_allowed_by("*.example.org", kOrigin));
    EXPECT_FALSE(is_allowed_by("https://chat.example.org", kOrigin)) << "another port";
    EXPECT_FALSE(is_allowed_by("example.org", kOrigin));
    EXPECT_FALSE(is_allowed_by("*.example.org", "https://example.org"));
    EXPECT_FALSE(is_allowed_by("*.example.org", "https://evilexample.org"));
    EXPECT_FALSE(is_allowed_by("chat.example.org", "https://chat.example.org.evil.net"));
    EXPECT_FALSE(is_allowed_by("chat.example.org", "null"));
    EXPECT_TRUE(is_allowed_by("chat.example.org", "")) << "no browser";
    EXPECT_TRUE(is_allowed_by("[::1]", "http://[::1]:80"));
}

TEST(DeflateTerms, AreThoseOfTheFirstOfferThatCanBeKept) {
    EXPECT_FALSE(choose_deflate(""));
    EXPECT_FALSE(choose_deflate("x-webkit-deflate-frame"));
    EXPECT_EQ(choose_deflate("permessage-deflate")->answer(),
              "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    const auto terms = choose_deflate(
        "permessage-deflate; server_max_window_bits=8, "
        "permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\"");
    ASSERT_TRUE(terms);
    EXPECT_EQ(terms->window_bits, 10);
    EXPECT_TRUE(terms->answer().ends_with("; server_max_window_bits=10"));
}

TEST(DeflateTerms, RefuseOffersThatAreNone) {
    for (const char* offer :
         {"permessage-deflate; unknown", "permessage-deflate; server_max_window_bits",
          "permessage-deflate; server_max_window_bits=16",
          "permessage-deflate; "
          "client_max_window_bits=7",
          "permessage-deflate; server_no_context_takeover=1",
          "permessage-deflate; server_no_context_takeover; server_no_context_takeover"}) {
        EXPECT_FALSE(choose_deflate(offer)) << offer;
    }
}

}  // namespace
}  // namespace geventd::websocket
