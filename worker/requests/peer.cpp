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

}  // namespace geventd::worker
