// SPDX-License-Identifier: MIT
#include "net/socket_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/fd.h"
#include "net/unix_diag.h"

namespace geventd::net {

namespace {

/// Pins whatever is at the path now, without opening it and without following a link: what is found
/// out through the pin stays true, even if somebody replaces the file meanwhile.
UniqueFd pin(const std::string& path) noexcept {
    return UniqueFd::adopt(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

/// The inode number as the kernel itself counts; stat() shows another on overlay file systems. 0 if
/// the kernel does not report it.
std::uint64_t kernel_inode(int pinned) noexcept {
    const UniqueFd info = UniqueFd::adopt(
        ::open(fmt::format("/proc/self/fdinfo/{}", pinned).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 512> text{};
    if (!info || ::read(info.get(), text.data(), text.size() - 1) <= 0) {
        return 0;
    }
    const char* line = std::strstr(text.data(), "ino:");
    std::uint64_t inode = 0;
    return line != nullptr && std::sscanf(line, "ino: %" SCNu64, &inode) == 1 ? inode : 0;
}

/// Whether the pinned file is a socket, and exactly this one, as far as this kernel can tell.
bool is_of(int socket, int pinned, const struct stat& found) noexcept {
    const std::uint64_t there = kernel_inode(pinned);
    const std::uint32_t wanted = unix_diag(socket).value_or(UnixDiag{}).inode;
    if (there == 0 || wanted == 0) {
        return S_ISSOCK(found.st_mode) && found.st_nlink == 1;
    }
    return S_ISSOCK(found.st_mode) && static_cast<std::uint32_t>(there) == wanted;
}

}  // namespace

SocketFile SocketFile::of(int socket, const std::string& path) {
    SocketFile file;
    file.path_ = std::filesystem::absolute(path).string();
    const UniqueFd pinned = pin(file.path_);
    if (!pinned && errno != ENOENT && errno != ENOTDIR) {
        throw_errno(path);
    }

    struct stat found {};

    if (pinned && ::fstat(pinned.get(), &found) == 0 && is_of(socket, pinned.get(), found)) {
        file.device_ = found.st_dev;
        file.inode_ = found.st_ino;
    }
    return file;
}

bool SocketFile::is_there() const noexcept {
    struct stat found {};

    return is_named() && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
           found.st_ino == inode_;
}

// The folder is held open, so that nobody can replace it between the check and the removal.
void SocketFile::unlink_own() noexcept {
    if (is_named()) {
        const std::filesystem::path path(path_);
        const UniqueFd folder =
            UniqueFd::adopt(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        const std::string name = path.filename();

        struct stat found {};

        if (folder && ::fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
            found.st_dev == device_ && found.st_ino == inode_) {
            ::unlinkat(folder.get(), name.c_str(), 0);
        }
    }
    path_.clear();
}

void SocketFile::set_access(const UnixAccess& access) const {
    const UniqueFd pinned = pin(path_);

    struct stat found {};

    if (!pinned || ::fstat(pinned.get(), &found) != 0 || found.st_dev != device_ ||
        found.st_ino != inode_) {
        return;
    }
    constexpr auto kSameUser = static_cast<uid_t>(-1);
    constexpr auto kSameGroup = static_cast<gid_t>(-1);
    if ((access.user || access.group) &&
        ::fchownat(pinned.get(), "", access.user.value_or(kSameUser),
                   access.group.value_or(kSameGroup), AT_EMPTY_PATH) != 0) {
        throw_errno("change the owner of", path_);
    }
    // fchmod() wants an open file; through /proc the kernel takes the pinned one.
    const std::string name = fmt::format("/proc/self/fd/{}", pinned.get());
    if (access.mode && ::chmod(name.c_str(), *access.mode) != 0) {
        throw_errno("change the mode of", path_);
    }
}

}  // namespace geventd::net
