// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "net/address.h"

namespace geventd::net {

/// Whether connections can come to this socket: it listens, and nobody has shut it down.
/// shutdown(2) acts on the socket itself, so any process that holds it shuts it down for all.
bool is_listening(int fd) noexcept;

/// Whether the socket is bound to the port of a TCP address, or to the path or name of a unix one.
bool is_bound_to(int fd, const Address& address) noexcept;

/// Identifies the socket of a descriptor, the same for all copies of it; 0: no socket.
ino_t socket_inode(int fd) noexcept;

/// Makes a TCP socket that was shut down listen again, for all who hold it. The kernel may have
/// taken back a port that it had chosen itself, so the socket is bound to `name` again if needed.
/// Returns an errno, 0 for success.
int listen_again(int fd, const sockaddr_storage& name, socklen_t length, int backlog) noexcept;

}  // namespace geventd::net
