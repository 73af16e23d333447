// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "websocket/deflate_terms.h"

namespace geventd::websocket {

/// What a client says when it asks for a WebSocket. The views point into its request; its lists may
/// be in several fields.
struct Handshake {
    std::string_view key;
    bool is_our_version;      ///< false: it is refused, if the application accepts it
    std::string_view origin;  ///< "" without one
    std::string protocols;    ///< offered subprotocols, a list; "" without any
    std::string extensions;   ///< offered extensions, a list; "" without any

    /// The first subprotocol that the client offers; "" without any. `preferred`: a list of the
    /// application's own, which comes before that.
    [[nodiscard]] std::string_view first_protocol(std::string_view preferred = {}) const;

    /// Whether the client offers the subprotocol. Clients end a connection with another one.
    [[nodiscard]] bool offers(std::string_view protocol) const;
};

/// The fields of a request that decide whether it is a WebSocket's handshake.
struct Asked {
    std::string_view method;
    std::string_view connection;
    std::string_view upgrade;
    std::string_view version;  ///< Sec-WebSocket-Version
    std::string_view key;
};

/// The only version of the protocol.
inline constexpr std::string_view kVersion = "13";

/// What a request lacks to be a handshake as RFC 6455 4.2.1 demands.
enum class Flaw : std::uint8_t {
    None,
    Other,       ///< it is not about a WebSocket
    Upgrade,     ///< the field that names WebSocket; the others show that it was meant
    Connection,  ///< the name of that field in this one
    Key,
    Version,  ///< it is a handshake, for another version than ours
};

/// The first that there is. A flaw of the version is told only without any other.
Flaw flaw_of(const Asked& asked);

/// Whether they ask for a WebSocket, of whatever version. Everything else is a plain request, also
/// what asks in a wrong way: a server may ignore the field Upgrade.
bool is_handshake(const Asked& asked);

/// Whether an origin is allowed by a list. An entry is a whole origin ("https://example.org"), a
/// host ("example.org"), all hosts below a name ("*.example.org"), or "*". A request without an
/// origin comes from no browser, and is always allowed.
bool is_allowed_by(std::string_view entry, std::string_view origin);

}  // namespace geventd::websocket
