// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

namespace geventd::net {

/// Connections can come to this socket: it listens, and nobody has shut it down. shutdown(2) acts
/// on the socket, so any process that holds it does that to all.
bool is_listening(int fd) noexcept;

/// Which socket a descriptor leads to, the same for all copies of it; 0: to none.
ino_t socket_inode(int fd) noexcept;

/// Has a TCP socket listen again that was shut down, for all who hold it. The kernel may have taken
/// back a port that it had chosen itself, so it is bound to `name` again where need be. Returns
/// an errno, 0 for success.
int listen_again(int fd, const sockaddr_storage& name, socklen_t length, int backlog) noexcept;

}  // namespace geventd::net
