// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// An end of the connection that a load balancer accepted.
struct ProxyEnd {
    std::string address;  ///< IPv4, IPv6 without brackets, or the path of a unix socket
    std::uint16_t port = 0;
};

/// What a PROXY protocol header says. Without addresses (`known` false) the connection's own
/// ones stand: the balancer's health check, or a transport it does not describe.
struct ProxyHeader {
    bool known = false;
    bool tls = false;  ///< version 2: the client spoke TLS to the balancer
    ProxyEnd source;
    ProxyEnd destination;
};

/// What was made of the first bytes of a connection.
struct ProxyResult {
    enum class State { Incomplete, Complete, Rejected };

    State state = State::Incomplete;
    std::size_t length = 0;  ///< Complete: where the request begins
    ProxyHeader header;
    Rejection rejection;
};

/// A version 1 header is at most this long, CRLF included.
inline constexpr std::size_t kMaxProxyLine = 107;
/// Bound of a version 2 header, with its TLVs.
inline constexpr std::size_t kMaxProxyHeader = 4096;

/// Decodes the header of version 1 (text) or 2 (binary) that must stand at the beginning of
/// `bytes`: all that was received on the connection so far. Never waits for more than the bounds
/// above; a connection that begins otherwise is refused as soon as it differs.
ProxyResult decode_proxy_header(std::string_view bytes);

}  // namespace geventd::http
