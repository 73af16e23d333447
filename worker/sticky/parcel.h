// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/proxy_header.h"
#include "worker/requests/peer.h"

namespace geventd::worker {

/// Changes with what pack() writes.
inline constexpr int kParcelVersion = 1;

/// What goes along with a connection that one worker hands to another.
struct Parcel {
    ino_t listener = 0;                        ///< of the listening socket that the client came to
    Peer peer;                                 ///< the other end of the connection
    std::optional<http::ProxyHeader> proxied;  ///< what a PROXY header said
    std::uint32_t hops = 0;  ///< how often it was handed on since bytes came from the client
    std::string_view bytes;  ///< received so far: begins with a request whose head is whole
};

/// A parcel as bytes, for a worker of the same version. `bytes` are not among them: they follow.
std::string pack(const Parcel& parcel);

/// The parcel of such bytes, whose `bytes` point into `packet`; nullopt: it is none.
std::optional<Parcel> unpack_parcel(std::string_view packet);

}  // namespace geventd::worker
