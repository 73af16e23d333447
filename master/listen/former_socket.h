// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"
#include "net/listener.h"

namespace geventd::master {

/// A listening socket that one master passes on to the next.
struct FormerSocket {
    UniqueFd fd;
    net::Address address;              ///< as in the former master's configuration
    net::Listener::FileOwner owner{};  ///< Us: the unix socket's file is handed over, too
};

}  // namespace geventd::master
