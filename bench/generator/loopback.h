// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::bench {

/// A TCP connection to a port of 127.0.0.1, without Nagle's algorithm; -1: there is none. Over
/// loopback this returns at once, even while the server is busy.
int connect_to(int port);

}  // namespace geventd::bench
