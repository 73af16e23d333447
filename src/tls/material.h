// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace geventd::tls {

/// A certificate with its chain and its private key.
struct Pair {
    std::string name;  ///< where it comes from, for messages
    Secret chain;      ///< PEM: the server's own certificate first; the key may be there, too
    Secret key;        ///< PEM, without a passphrase
    std::string ocsp;  ///< the response to staple, DER; "": none

    bool operator==(const Pair&) const = default;
};

/// Whether clients are asked for a certificate.
enum class ClientCertificates : std::uint8_t { None, Optional, Require };

/// What a listening address shows and demands in a handshake. Without pairs it has no TLS.
struct Endpoint {
    std::vector<Pair> pairs;
    ClientCertificates clients = ClientCertificates::None;
    std::string client_ca;      ///< PEM: who may have signed the clients' certificates
    std::string ciphers;        ///< of TLS 1.2, as OpenSSL names them; "": the default
    bool only_newest = false;   ///< no TLS 1.2
    std::string session_scope;  ///< sessions of another scope are not resumed

    bool operator==(const Endpoint&) const = default;
};

/// What session tickets are sealed with.
struct TicketKey {
    std::array<std::uint8_t, 16> name{};
    std::array<std::uint8_t, 32> cipher{};
    std::array<std::uint8_t, 32> mac{};

    bool operator==(const TicketKey&) const = default;
};

/// All secrets of a server's TLS, as the master hands them to its processes: one file in sealed
/// memory, which they read as a whole.
struct Material {
    std::uint32_t edition = 0;        ///< of the endpoints: another one when they are others
    std::vector<Endpoint> endpoints;  ///< by the index of the listening address
    std::vector<TicketKey> tickets;   ///< the newest first: it seals, all of them open

    [[nodiscard]] bool is_needed() const;

    bool operator==(const Material&) const = default;
};

Secret encode(const Material& material);

/// Throws std::runtime_error when the bytes are not from encode().
Material decode_material(std::string_view bytes);

}  // namespace geventd::tls
