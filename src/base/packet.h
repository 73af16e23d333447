// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

#include "base/fd.h"

namespace geventd {

/// The most descriptors that the kernel passes at once (its SCM_MAX_FD).
inline constexpr std::size_t kMostPassedFds = 253;

/// What was received from a unix socket in one call: a packet, or bytes of a stream, and whatever
/// was sent along. There is room for all descriptors that can come: the kernel would close those
/// without room at once, which may take as long as the sender likes.
struct Packet {
    ssize_t size = -1;  ///< -1: nothing came, `error` says why
    int error = 0;
    bool cut = false;           ///< the packet had more bytes than there was room for
    bool lost_fds = false;      ///< this process had no free numbers for all its descriptors
    pid_t sender = 0;           ///< as the kernel reports it; 0 without SO_PASSCRED
    std::vector<UniqueFd> fds;  ///< CLOEXEC
};

/// Receives the next packet. Never waits. If the peer has gone without reading everything, the
/// packets that it had sent are still received.
Packet receive_packet(int socket, std::span<char> room);

/// Sends the pieces as one packet, with at most kMostPassedFds descriptors. Never waits, raises no
/// SIGPIPE. Returns 0 or the errno.
int send_packet(int socket, std::span<iovec> pieces, std::span<const UniqueFd> fds) noexcept;

}  // namespace geventd
