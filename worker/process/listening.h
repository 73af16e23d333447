// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "http/trusted_proxies.h"
#include "net/address.h"

namespace geventd::worker {

/// A listening socket that this worker inherited, with what its requests need to know.
struct Listening {
    UniqueFd fd;
    net::Address address;  ///< as configured, but with the port that was actually bound
    http::TrustedProxies trusted;
    std::size_t index = 0;
    ino_t inode = 0;  ///< of the socket, to notice when the application has replaced it
    bool application_continues = false;  ///< listen.expect: application
    bool forwarded_prefix = false;       ///< trusted proxies say SCRIPT_NAME
    std::string health;                  ///< path of health checks; "": none
    int redirect_https = 0;              ///< the port of https to which all is redirected; 0: none
    std::string hsts;                    ///< the header line of answers by TLS; "": none
};

}  // namespace geventd::worker
