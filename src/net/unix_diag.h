// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace geventd::net {

/// What only the kernel's socket monitoring (sock_diag(7)) tells of a unix socket.
struct UnixDiag {
    std::uint32_t waiting = 0;  ///< of a listening one: its queue, and how many fit in it
    std::uint32_t most = 0;
    std::uint32_t inode = 0;  ///< the low bits of its file's inode, as the kernel counts; 0: none
    std::uint32_t peer = 0;   ///< the same of the socket itself at the other end; 0: there is none
};

/// None where the kernel does not say it. Blocks never.
std::optional<UnixDiag> unix_diag(int socket) noexcept;

}  // namespace geventd::net
