// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <optional>

#include "base/fd.h"
#include "base/result.h"

namespace geventd::net {

/// An accepted connection: CLOEXEC, non-blocking. format_sockaddr() names the peer.
struct Accepted {
    UniqueFd fd;
    sockaddr_storage peer{};
    socklen_t peer_length = 0;
};

/// Why nothing could be accepted, classified by what the caller should do.
struct AcceptError {
    enum class Kind {
        Exhausted,  ///< out of descriptors or memory: stop accepting for a while
        Transient,  ///< this connection is gone already: go on with the next
        Broken,     ///< the descriptor or the socket itself: waiting will not help
        Unknown,    ///< may happen again and again: stop accepting for a while
    };

    Kind kind = Kind::Broken;
    int code = 0;
};

/// Takes one connection from a listening socket; nullopt when none waits. Never blocks when the
/// listener is non-blocking.
Result<std::optional<Accepted>, AcceptError> accept_peer(int listener) noexcept;

/// What an errno of accept4 means; EAGAIN is no error.
AcceptError classify_accept_error(int code) noexcept;

/// AF_UNIX, AF_INET ...; -1 if it is no socket.
int family_of(int fd) noexcept;

/// Closes an accepted connection. The peer of a unix socket may have sent descriptors that nobody
/// has read, so the closer closes it (base/closer.h).
void close_connection(UniqueFd fd) noexcept;

}  // namespace geventd::net
