// SPDX-License-Identifier: MIT
#include "worker/requests/peer.h"

#include <arpa/inet.h>

#include <cstring>

namespace geventd::worker {

Peer Peer::from(const sockaddr_storage& address) {
    Peer peer;
    if (address.ss_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address, sizeof in);
        peer.kind = Kind::Inet;
        peer.port = ntohs(in.sin_port);
        std::memcpy(peer.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
    } else if (address.ss_family == AF_INET6) {
        sockaddr_in6 in6{};
        std::memcpy(&in6, &address, sizeof in6);
        peer.port = ntohs(in6.sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            peer.kind = Kind::Inet;
            std::memcpy(peer.bytes.data(), &in6.sin6_addr.s6_addr[12], 4);
        } else {
            peer.kind = Kind::Inet6;
            std::memcpy(peer.bytes.data(), &in6.sin6_addr, sizeof in6.sin6_addr);
        }
    }
    return peer;
}

std::string Peer::host() const {
    if (kind == Kind::Unix) {
        return {};
    }
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(kind == Kind::Inet ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
    return text;
}

bool Peer::is_near() const {
    const auto begins = [this](std::uint8_t first, std::uint8_t second, std::uint8_t mask) {
        return bytes[0] == first && (bytes[1] & mask) == second;
    };
    switch (kind) {
        case Kind::Unix:
            return true;
        case Kind::Inet:
            return bytes[0] == 127 || bytes[0] == 10 || begins(172, 16, 0xf0) ||
                   begins(192, 168, 0xff) || begins(169, 254, 0xff) || begins(100, 64, 0xc0);
        case Kind::Inet6: {
            constexpr std::array<std::uint8_t, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0,
                                                             0, 0, 0, 0, 0, 0, 0, 1};
            return bytes == kLoopback || (bytes[0] & 0xfe) == 0xfc || begins(0xfe, 0x80, 0xc0);
        }
    }
    return false;
}

}  // namespace geventd::worker
