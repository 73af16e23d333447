// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/request_head.h"
#include "http/trusted_proxies.h"

namespace geventd::http {

/// What trusted proxies report about the client's connection. Views point into the head (or are the
/// peer's address); "" where nothing was reported or believed.
struct ForwardedClient {
    std::string_view address;  ///< IP literal without port and brackets; else the peer's address
    std::string_view scheme;   ///< "http" or "https"
    std::string_view host;     ///< a valid Host value
    std::string_view port;     ///< digits, from X-Forwarded-Port
};

/// Reads X-Forwarded-For, -Proto, -Host and -Port, or Forwarded (RFC 7239), if the peer is a
/// trusted proxy; otherwise ignores them.
/// The list of addresses is walked from its end, where the peer has written: the first address that
/// is not trusted is the client; whatever precedes it may be forged. Scheme, host and port are
/// those of the last proxy, or with Forwarded those of the client's element.
/// If a request has both families, they are believed only if they name the same client: a proxy
/// passes on unchecked the family that it does not write itself.
ForwardedClient read_forwarded(const RequestHead& head, std::string_view peer,
                               const TrustedProxies& trusted);

}  // namespace geventd::http
