// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::net {

/// The protocol of a listening socket.
enum class Protocol { Http, Uwsgi };

enum class Family { Inet, Inet6, Unix, Abstract };

/// Where to listen, as written in `listen`: `http://127.0.0.1:8000`, `https://[::1]:8443`,
/// `http://:8000` (every IPv4 and IPv6 address), `http://localhost:8000`,
/// `uwsgi+unix:/run/app.sock`, `http+unix:relative.sock`, `http+unix:@abstract`.
struct Address {
    Protocol protocol = Protocol::Http;
    Family family = Family::Inet;  ///< for the wildcard (empty host): Inet6, meaning both families
    std::string host;              ///< Inet, Inet6: the resolved literal; empty: the wildcard
    std::uint16_t port = 0;        ///< 0: the kernel chooses
    std::string path;              ///< Unix: the socket's path; Abstract: the name without the '@'
    bool tls = false;              ///< of https

    bool operator==(const Address&) const = default;
};

/// The longest path or abstract name that a unix socket can have.
constexpr std::size_t kMaxUnixPath = 107;

/// A failure says what is wrong and shows a valid address. Host names are resolved here
/// (getaddrinfo, first answer).
Result<Address> parse_address(std::string_view text);

/// The canonical text, with the scheme: equal addresses have equal texts.
std::string format_address(const Address& address);

/// A canonical text without its scheme: "127.0.0.1:80", "/run/app.sock".
std::string_view without_scheme(std::string_view address);

/// A socket's own or peer address as "127.0.0.1:4242", "[::1]:80", "unix:/path", "unix:". An IPv4
/// peer of a socket for both families is written as IPv4.
std::string format_sockaddr(const sockaddr_storage& storage, socklen_t length);

}  // namespace geventd::net
