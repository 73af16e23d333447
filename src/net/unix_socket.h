// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace geventd::net {

/// Who may connect to a unix socket; what is not given is left as the kernel makes it (umask,
/// the process' own user and group).
struct UnixAccess {
    std::optional<mode_t> mode;
    std::optional<uid_t> user;
    std::optional<gid_t> group;

    bool operator==(const UnixAccess&) const = default;
};

struct UnixSockaddr {
    sockaddr_un address;
    socklen_t length;
};

/// Fails when the path or name does not fit. Abstract names come without the '@'.
Result<UnixSockaddr> make_unix_sockaddr(std::string_view path, bool abstract);

/// The file of a bound unix socket: remembers which one it is, so that a successor's socket of
/// the same path is never removed by mistake. Empty for sockets without a file of ours.
class SocketFile {
  public:
    SocketFile() = default;

    /// The file that stands at `path` now. Throws ErrnoError.
    static SocketFile at(const std::string& path);

    /// Removes the file if it is still the same one. Called by whoever made it, once; there is no
    /// destructor that does it, since processes forked from the maker hold copies.
    void unlink_own() noexcept;

    /// Changes mode and owner if the file is still the same one. Throws ErrnoError.
    void set_access(const UnixAccess& access) const;

    [[nodiscard]] bool is_ours() const noexcept;

    /// There is a file that this object stands for.
    [[nodiscard]] bool is_named() const noexcept { return !path_.empty(); }

  private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

struct BoundUnixSocket {
    UniqueFd fd;
    SocketFile file;
};

/// Binds a stream socket to `path`, with mode and owner set, but does not listen yet: nobody can
/// connect before the access is right. A stale socket is replaced; a live one is refused
/// (EADDRINUSE), as is a file of another kind (EEXIST). Throws ErrnoError whose text starts with
/// `deed`.
BoundUnixSocket bind_unix_socket(const std::string& path, const UnixAccess& access,
                                 const std::string& deed);

}  // namespace geventd::net
