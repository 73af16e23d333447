// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <optional>

#include "base/fd.h"
#include "base/result.h"

namespace geventd::net {

/// A connection just accepted: CLOEXEC, non-blocking. format_sockaddr() names the peer.
struct Accepted {
    UniqueFd fd;
    sockaddr_storage peer{};
    socklen_t peer_length = 0;
};

/// Why nothing could be accepted, by what the caller should do about it.
struct AcceptError {
    enum class Kind {
        Exhausted,  ///< out of descriptors or memory: stop accepting for a while
        Transient,  ///< this connection is gone already: go on with the next
        Broken,     ///< the descriptor or the socket itself: will not get better by waiting
        Unknown,    ///< may come again and again: stop accepting for a while
    };

    Kind kind = Kind::Broken;
    int code = 0;
};

/// Takes one connection from a listening socket; nullopt when none waits. Never blocks when the
/// listener is non-blocking.
Result<std::optional<Accepted>, AcceptError> accept_peer(int listener) noexcept;

/// What an errno of accept4 means; EAGAIN is no error.
AcceptError classify_accept_error(int code) noexcept;

/// AF_UNIX, AF_INET ...; -1 for what is no socket.
int family_of(int fd) noexcept;

/// Closes an accepted connection. The peer of a unix socket may have sent descriptors along that
/// nobody has read: closing them is the closer's task (base/closer.h).
void close_connection(UniqueFd fd) noexcept;

}  // namespace geventd::net
