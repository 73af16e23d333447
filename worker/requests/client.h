// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/proxy_header.h"
#include "worker/requests/peer.h"

namespace geventd::worker {

struct Listening;

/// Who sent a request, as far as the connection tells.
/// Lives in: worker, loop side.
struct Client {
    const Listening& listener;                     ///< the socket that the client came to
    Peer peer;                                     ///< the other end of the connection
    int fd = -1;                                   ///< of the connection; -1 once that is closed
    std::unique_ptr<http::ProxyHeader> proxied{};  ///< what a PROXY header said; null without one

    using Variables = std::vector<std::pair<std::string, std::string>>;

    /// What TLS says of the connection and of the client, for the environ; null without TLS.
    std::unique_ptr<Variables> secured{};

    /// The address that a PROXY header gives, else the peer's; "" for unix sockets.
    [[nodiscard]] std::string host() const;
};

}  // namespace geventd::worker
