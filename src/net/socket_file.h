// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace geventd::net {

/// Who may connect to a unix socket. Members that are not set keep what the kernel chooses (umask,
/// the process' own user and group).
struct UnixAccess {
    std::optional<mode_t> mode;
    std::optional<uid_t> user;
    std::optional<gid_t> group;

    bool operator==(const UnixAccess&) const = default;
};

/// The file of a bound unix socket. Remembers which file it is, so that another file at the same
/// path is never changed or removed by mistake. Empty for sockets without a file.
class SocketFile {
  public:
    SocketFile() = default;

    /// The file of `socket`, which was bound to `path`. It is lost from the start if the path leads
    /// to something else by now. Throws ErrnoError if the path cannot be examined.
    static SocketFile of(int socket, const std::string& path);

    /// Removes the file if it is still the same one. Called once, by its creator. Not done by a
    /// destructor, since processes forked from the creator hold copies.
    void unlink_own() noexcept;

    /// Changes mode and owner if the file is still the same one. Throws ErrnoError.
    void set_access(const UnixAccess& access) const;

    /// The path still leads to the file.
    [[nodiscard]] bool is_there() const noexcept;

    /// There is a file that this object tracks.
    [[nodiscard]] bool is_named() const noexcept { return !path_.empty(); }

    /// Nobody can reach the socket: its file was removed or replaced.
    [[nodiscard]] bool is_lost() const noexcept { return is_named() && !is_there(); }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    bool operator==(const SocketFile&) const = default;

  private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace geventd::net
