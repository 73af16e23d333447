// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace geventd::net {

/// How many connections of a listening socket wait for accept(), and how many may wait before the
/// kernel turns clients away.
struct AcceptQueue {
    std::uint32_t waiting = 0;
    std::uint32_t most = 0;
    std::uint32_t dropped = 0;  ///< connections that found it full; TCP only, unix clients wait
};

/// For a TCP or unix socket; zeros where the kernel does not report it.
AcceptQueue accept_queue(int listener) noexcept;

}  // namespace geventd::net
