// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"
#include "net/listener.h"

namespace geventd::master {

/// A listening socket that goes from one master to the next.
struct FormerSocket {
    UniqueFd fd;
    net::Address address;              ///< as the former configuration says it
    net::Listener::FileOwner owner{};  ///< Us: the file of a unix socket goes over too
};

}  // namespace geventd::master
