// SPDX-License-Identifier: MIT
#include "net/unix_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>

#include <fmt/core.h>

#include "base/errno_error.h"

namespace geventd::net {

namespace {

enum class PathState { Free, Stale, Live, OtherKind };

UniqueFd make_stream_socket(const std::string& deed) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        throw_errno(deed + ": socket");
    }
    return UniqueFd::adopt(fd);
}

/// A socket is stale when nobody listens behind it; only connecting tells.
PathState probe(const std::string& path, const UnixSockaddr& address, const std::string& deed) {
    struct stat found {};

    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) {
            return PathState::Free;
        }
        throw_errno(deed);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return PathState::OtherKind;
    }
    const UniqueFd probe = make_stream_socket(deed);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address.address);
    if (::connect(probe.get(), raw, address.length) == 0 || errno == EAGAIN ||
        errno == EPROTOTYPE) {
        return PathState::Live;  // accepted, full, or of another type
    }
    if (errno == ECONNREFUSED) {
        return PathState::Stale;
    }
    if (errno == ENOENT) {
        return PathState::Free;
    }
    throw_errno(deed + ": is another process listening there?");
}

void make_room(const std::string& path, const UnixSockaddr& address, const std::string& deed) {
    switch (probe(path, address, deed)) {
        case PathState::Free:
            return;
        case PathState::Live:
            throw ErrnoError(EADDRINUSE, deed + ": another process is listening there");
        case PathState::OtherKind:
            throw ErrnoError(EEXIST, deed + ": there is a file that is no socket");
        case PathState::Stale:
            if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
                throw_errno(deed + ": remove the stale socket");
            }
    }
}

}  // namespace

Result<UnixSockaddr> make_unix_sockaddr(std::string_view path, bool abstract) {
    UnixSockaddr result{};
    result.address.sun_family = AF_UNIX;
    // A path ends in a NUL, an abstract name starts with one.
    const std::size_t room = sizeof result.address.sun_path - 1;
    if (path.empty() || path.size() > room) {
        return failure(
            fmt::format("the path of a unix socket has 1 to {} bytes, not {}", room, path.size()));
    }
    std::memcpy(result.address.sun_path + (abstract ? 1 : 0), path.data(), path.size());
    result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return result;
}

SocketFile SocketFile::at(const std::string& path) {
    struct stat found {};

    if (::lstat(path.c_str(), &found) != 0) {
        throw_errno(path);
    }
    SocketFile file;
    file.path_ = std::filesystem::absolute(path).string();
    file.device_ = found.st_dev;
    file.inode_ = found.st_ino;
    return file;
}

bool SocketFile::is_ours() const noexcept {
    struct stat found {};

    return !path_.empty() && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
           found.st_ino == inode_;
}

void SocketFile::unlink_own() noexcept {
    if (is_ours()) {
        ::unlink(path_.c_str());
    }
    path_.clear();
}

void SocketFile::set_access(const UnixAccess& access) const {
    if (!is_ours()) {
        return;
    }
    constexpr auto kSameUser = static_cast<uid_t>(-1);
    constexpr auto kSameGroup = static_cast<gid_t>(-1);
    if ((access.user || access.group) && ::lchown(path_.c_str(), access.user.value_or(kSameUser),
                                                  access.group.value_or(kSameGroup)) != 0) {
        throw_errno("change the owner of", path_);
    }
    if (access.mode && ::chmod(path_.c_str(), *access.mode) != 0) {
        throw_errno("change the mode of", path_);
    }
}

BoundUnixSocket bind_unix_socket(const std::string& path, const UnixAccess& access,
                                 const std::string& deed) {
    const auto address = make_unix_sockaddr(path, false);
    if (!address) {
        throw ErrnoError(ENAMETOOLONG, deed + ": " + address.error().message);
    }
    make_room(path, *address, deed);
    BoundUnixSocket bound{make_stream_socket(deed), {}};
    const auto* raw = reinterpret_cast<const sockaddr*>(&address->address);
    if (::bind(bound.fd.get(), raw, address->length) != 0) {
        throw_errno(deed + ": bind");
    }
    bound.file = SocketFile::at(path);
    try {
        bound.file.set_access(access);
    } catch (const ErrnoError& error) {
        bound.file.unlink_own();
        throw ErrnoError(error.code().value(), deed + ": set mode and owner");
    }
    return bound;
}

}  // namespace geventd::net
