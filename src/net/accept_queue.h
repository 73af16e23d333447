// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace geventd::net {

/// Connections that a listening socket has ready for accept(), and how many there may be before
/// the kernel turns clients away.
struct AcceptQueue {
    std::uint32_t waiting = 0;
    std::uint32_t most = 0;
    std::uint32_t dropped = 0;  ///< that found it full; TCP only, a unix client waits
};

/// Of a TCP or unix socket; zeros where the kernel does not say it.
AcceptQueue accept_queue(int listener) noexcept;

}  // namespace geventd::net
