// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

#include "base/fd.h"

namespace geventd {

/// As many descriptors as the kernel takes at once (its SCM_MAX_FD).
inline constexpr std::size_t kMostPassedFds = 253;

/// What came over a unix socket in one call: a packet, or bytes of a stream, and what was sent
/// along. There is room for all descriptors that can come: what the kernel had to drop it would
/// close here and now, which may take as long as the sender likes.
struct Packet {
    ssize_t size = -1;  ///< -1: nothing came, `error` says why
    int error = 0;
    bool cut = false;           ///< it had more bytes than there was room for
    bool lost_fds = false;      ///< this process had no numbers left for all its descriptors
    pid_t sender = 0;           ///< by the kernel's word; 0 without SO_PASSCRED
    std::vector<UniqueFd> fds;  ///< CLOEXEC
};

/// Takes the next one. Never waits. The peer's leaving without having read everything hides nothing
/// of what it had said itself.
Packet receive_packet(int socket, std::span<char> room);

/// Sends the pieces as one, with at most kMostPassedFds descriptors. Never waits, raises no
/// SIGPIPE. 0, or the errno.
int send_packet(int socket, std::span<iovec> pieces, std::span<const UniqueFd> fds) noexcept;

}  // namespace geventd
