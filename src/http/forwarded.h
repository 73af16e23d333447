// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/head_parser.h"
#include "http/request_head.h"
#include "http/trusted_proxies.h"

namespace geventd::http {

/// What trusted proxies report about the client's connection. Views point into the head (or are the
/// peer's address); "" where nothing was reported or believed.
struct ForwardedClient {
    std::string_view address;  ///< IP literal without port and brackets; else the peer's address
    std::string_view address_port;  ///< digits, where a field that names the address has it
    bool named = false;             ///< a field names the address, whose port is not the peer's
    std::string_view scheme;        ///< "http" or "https"
    std::string_view host;          ///< a valid Host value
    std::string_view port;          ///< digits, from X-Forwarded-Port
    std::string prefix;             ///< what the last proxy took off the path, see below; or ""
};

/// Reads X-Forwarded-For, -Proto, -Host and -Port, or Forwarded (RFC 7239), if the peer is a
/// trusted proxy; otherwise ignores them. `proxied` is the client's address by the PROXY header
/// with which the peer began: unless that one is a trusted proxy too, no field says otherwise. The
/// list of addresses is walked from its end, where the peer has written: the first address that is
/// not trusted is the client; whatever precedes it may be forged. Scheme, host and port are those
/// of the last proxy, or with Forwarded those of the client's element. If a request has both
/// families, they are believed only if they name the same client: a proxy passes on unchecked the
/// family that it does not write itself. For the same reason, a request whose X-Forwarded-Proto,
/// X-Forwarded-Protocol and X-Forwarded-Ssl disagree about the scheme is refused: it is either
/// forged or misunderstood.
Rejection read_forwarded(const RequestHead& head, std::string_view peer,
                         std::optional<std::string_view> proxied, const TrustedProxies& trusted,
                         ForwardedClient& client);

/// SCRIPT_NAME according to X-Forwarded-Prefix, decoded: the part of the path that the last proxy
/// has removed. Without a slash at its end; "" if there is none. What could lead a redirect to
/// another host ("//evil") or cannot begin a path is ignored. REQUIRES: the peer is trusted.
std::string read_forwarded_prefix(const RequestHead& head);

/// The name of the first field that read_forwarded() would believe of a trusted peer, as sent; ""
/// without one.
std::string_view find_forwarded_field(const RequestHead& head);

}  // namespace geventd::http
