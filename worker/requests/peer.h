// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace geventd::worker {

/// A client's address in 20 bytes, small because each of ten thousand idle connections keeps one.
/// IPv4-mapped IPv6 addresses are kept as IPv4. Clients of unix sockets have none.
struct Peer {
    enum class Kind : std::uint8_t { Unix, Inet, Inet6 };

    Kind kind = Kind::Unix;
    std::uint16_t port = 0;
    std::array<std::uint8_t, 16> bytes{};  ///< Inet: the first four

    static Peer from(const sockaddr_storage& address);

    /// "127.0.0.1", "::1", or "" for unix sockets.
    [[nodiscard]] std::string host() const;

    /// On this host or in a private network (RFC 1918, 4193, 6598; link-local), so not just
    /// anybody.
    [[nodiscard]] bool is_near() const;

    bool operator==(const Peer&) const = default;
};

}  // namespace geventd::worker
