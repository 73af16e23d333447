// SPDX-License-Identifier: MIT
#include "tls/material.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tls/ticket_keys.h"

namespace geventd::tls {
namespace {

Material some_material() {
    Material material;
    material.edition = 7;
    material.endpoints.resize(2);  // the first one has no TLS
    material.endpoints[1] = {
        .pairs = {{.name = "a.pem", .chain = "chain", .key = "key", .ocsp = std::string("\0x", 2)},
                  {.name = "b.pem", .chain = "other", .key = "secret", .ocsp = ""}},
        .clients = ClientCertificates::Require,
        .client_ca = "authority",
        .ciphers = "HIGH",
        .only_newest = true,
        .session_scope = "scope"};
    turn(material.tickets);
    turn(material.tickets);
    return material;
}

TEST(Material, ComesBackAsItWas) {
    const Material material = some_material();
    EXPECT_EQ(decode_material(encode(material)), material);
    EXPECT_EQ(decode_material(encode({})), Material{});
}

TEST(Material, IsRefusedWhenItIsCutOffOrLonger) {
    const Secret bytes = encode(some_material());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_THROW(decode_material(std::string_view(bytes).substr(0, size)), std::runtime_error);
    }
    EXPECT_THROW(decode_material(bytes + "x"), std::runtime_error);
}

TEST(Material, IsNeededWhereAnEndpointHasACertificate) {
    EXPECT_TRUE(some_material().is_needed());
    Material plain;
    plain.endpoints.resize(3);
    EXPECT_FALSE(plain.is_needed());
}

TEST(TicketKeys, SealWithTheNewestAndOpenWithTwoFormerOnes) {
    std::vector<TicketKey> ring;
    turn(ring);
    const TicketKey first = ring.front();
    turn(ring);
    turn(ring);
    ASSERT_EQ(ring.size(), 3U);
    EXPECT_EQ(ring.back(), first);
    EXPECT_NE(ring[0], ring[1]);
    turn(ring);
    ASSERT_EQ(ring.size(), 3U);
    EXPECT_NE(ring.back(), first);
}

}  // namespace
}  // namespace geventd::tls
