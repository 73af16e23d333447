// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace geventd::net {

/// Connections that a listening TCP socket has ready for accept(). 0 for other sockets, of which
/// the kernel does not say it.
std::uint32_t accept_queue(int listener) noexcept;

}  // namespace geventd::net
