// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace geventd::net {

/// Who may connect to a unix socket; what is not given is left as the kernel makes it (umask,
/// the process' own user and group).
struct UnixAccess {
    std::optional<mode_t> mode;
    std::optional<uid_t> user;
    std::optional<gid_t> group;

    bool operator==(const UnixAccess&) const = default;
};

/// The file of a bound unix socket: remembers which one it is, so that what others put at the same
/// path is never changed or removed by mistake. Empty for sockets without a file.
class SocketFile {
  public:
    SocketFile() = default;

    /// The file of `socket`, which was bound to `path`. It is lost from the start when the path
    /// names something else by now. Throws ErrnoError for a path that cannot be looked at.
    static SocketFile of(int socket, const std::string& path);

    /// Removes the file if it is still the same one. Called by whoever made it, once; there is no
    /// destructor that does it, since processes forked from the maker hold copies.
    void unlink_own() noexcept;

    /// Changes mode and owner if the file is still the same one. Throws ErrnoError.
    void set_access(const UnixAccess& access) const;

    /// The path still names it.
    [[nodiscard]] bool is_there() const noexcept;

    /// There is a file that this object stands for.
    [[nodiscard]] bool is_named() const noexcept { return !path_.empty(); }

    /// Nobody reaches the socket: its file was removed, or replaced by another one.
    [[nodiscard]] bool is_lost() const noexcept { return is_named() && !is_there(); }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    bool operator==(const SocketFile&) const = default;

  private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace geventd::net
