// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "http/trusted_proxies.h"
#include "net/address.h"

namespace geventd::worker {

/// A listening socket that this worker inherited, and what requests of it need to know.
struct Listening {
    UniqueFd fd;
    net::Address address;  ///< as configured, with the port that was really bound
    http::TrustedProxies trusted;
    std::size_t index = 0;
    ino_t inode =
        0;  ///< of the socket, by which one that the application put in its place is known
};

}  // namespace geventd::worker
