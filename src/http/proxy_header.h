// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// One end of the connection that a load balancer accepted.
struct ProxyEnd {
    std::string address;  ///< IPv4, IPv6 without brackets, or the path of a unix socket
    std::uint16_t port = 0;
};

/// The content of a PROXY protocol header. Without addresses (`known` false), the connection's own
/// apply: the balancer's health check, or a transport that the header does not describe.
struct ProxyHeader {
    bool known = false;
    bool tls = false;  ///< version 2: the client spoke TLS to the balancer
    ProxyEnd source;
    ProxyEnd destination;
};

/// The result of decoding the first bytes of a connection.
struct ProxyResult {
    enum class State { Incomplete, Complete, Rejected };

    State state = State::Incomplete;
    std::size_t length = 0;  ///< Complete: the header's length; the request begins after it
    ProxyHeader header;
    Rejection rejection;
};

/// A version 1 header is at most this long, CRLF included.
inline constexpr std::size_t kMaxProxyLine = 107;
/// The longest version 2 header that is accepted, with its TLVs.
inline constexpr std::size_t kMaxProxyHeader = 4096;

/// Decodes the version 1 (text) or 2 (binary) header that must be at the beginning of `bytes`, all
/// that was received on the connection so far. Never waits for more than the bounds above; refuses
/// a connection as soon as its bytes differ from a header.
ProxyResult decode_proxy_header(std::string_view bytes);

}  // namespace geventd::http
