// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/errno_error.h"
#include "base/fd.h"
#include "base/result.h"
#include "net/socket_file.h"

namespace geventd::net {

struct UnixSockaddr {
    sockaddr_un address;
    socklen_t length;
};

/// Fails when the path or name is too long. Abstract names come without the '@'.
Result<UnixSockaddr> make_unix_sockaddr(std::string_view path, bool abstract);

struct BoundUnixSocket {
    UniqueFd fd;
    SocketFile file;
};

/// Root or this process' own user listens there.
class SocketInUse : public ErrnoError {
  public:
    SocketInUse(const std::string& text, pid_t pid) : ErrnoError(EADDRINUSE, text), pid_(pid) {}

    /// Who listens; 0 if the kernel does not tell.
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

/// Another user than root and this process' own listens there. The text names that user.
class StrangerListens : public ErrnoError {
  public:
    using ErrnoError::ErrnoError;
};

/// Binds a stream socket to `path`, with mode and owner set, but does not listen yet: nobody can
/// connect before the access is right. A file that somebody puts in its place is never touched. A
/// stale socket is replaced; a live one is refused (EADDRINUSE), as is a file of another kind
/// (EEXIST). Links on the way are followed only if none but root and this process' user can have
/// created them. Throws std::exception, mostly ErrnoError, whose text starts with `deed`.
BoundUnixSocket bind_unix_socket(const std::string& path, const UnixAccess& access,
                                 const std::string& deed);

/// Binds a stream socket to an abstract name (without the '@'), which has neither file nor mode:
/// the whole network namespace can connect. Does not listen yet. Throws ErrnoError, SocketInUse or
/// StrangerListens, whose text starts with `deed`.
UniqueFd bind_abstract_socket(const std::string& name, const std::string& deed);

}  // namespace geventd::net
