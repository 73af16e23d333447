// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace geventd::net {

/// Facts about a unix socket that only the kernel's socket monitoring (sock_diag(7)) reports.
struct UnixDiag {
    std::uint32_t waiting = 0;  ///< of a listening one: its queue, and how many fit in it
    std::uint32_t most = 0;
    std::uint32_t inode = 0;  ///< the low bits of its file's inode, as the kernel counts; 0: none
    std::uint32_t peer = 0;   ///< likewise, of the socket itself at the other end; 0: there is none
};

/// Empty where the kernel does not report it. Never blocks.
std::optional<UnixDiag> unix_diag(int socket) noexcept;

}  // namespace geventd::net
