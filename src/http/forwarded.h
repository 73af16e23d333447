// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/request_head.h"
#include "http/trusted_proxies.h"

namespace geventd::http {

/// What trusted proxies say of the client's connection. Views point into the head (or are the
/// peer's address); "" where nothing was said or believed.
struct ForwardedClient {
    std::string_view address;  ///< IP literal without port and brackets; the peer's if untold
    std::string_view scheme;   ///< "http" or "https"
    std::string_view host;     ///< a valid Host value
    std::string_view port;     ///< digits; of X-Forwarded-Port
};

/// Reads X-Forwarded-For, -Proto, -Host and -Port, or Forwarded (RFC 7239), when the peer is a
/// trusted proxy; nothing of an untrusted peer is looked at.
/// The list of addresses is walked from its end, where the peer has written: the first address
/// that is not trusted is the client, whatever stands before it may be invented. Scheme, host and
/// port are the last proxy's word, of Forwarded the client's element's.
/// A request with both families is believed only where they name the same client: a proxy passes
/// the family it does not write through unread, from anybody.
ForwardedClient read_forwarded(const RequestHead& head, std::string_view peer,
                               const TrustedProxies& trusted);

}  // namespace geventd::http
