// SPDX-License-Identifier: MIT
#include "net/unix_socket.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/place.h"
#include "net/holder.h"

namespace geventd::net {

namespace {

enum class PathState { Stale, Live, OtherKind };

struct Found {
    PathState state;
    uid_t listener = 0;  ///< the user of a live one
    pid_t pid = 0;       ///< its process; 0: not known
};

UniqueFd make_stream_socket(const std::string& deed) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        throw_errno(deed + ": socket");
    }
    return UniqueFd::adopt(fd);
}

UnixSockaddr by_descriptor(const std::string& path, const std::string& deed) {
    const auto address = make_unix_sockaddr(path, false);
    if (!address) {
        throw ErrnoError(ENAMETOOLONG, deed + ": " + address.error().message);
    }
    return *address;
}

std::optional<ucred> peer_of(const UniqueFd& connection) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        return std::nullopt;
    }
    return peer;
}

[[noreturn]] void refuse_live(const Found& found, const std::string& deed) {
    if (!is_trusted(found.listener)) {
        throw StrangerListens(
            EADDRINUSE, fmt::format("{}: {} is listening there", deed, user_text(found.listener)));
    }
    const std::string who = found.pid > 0 ? program_text(found.pid) : "another process";
    throw SocketInUse(fmt::format("{}: {} is listening there", deed, who), found.pid);
}

/// A socket is stale when nobody listens behind it, which only connecting shows. Connects to the
/// pinned file itself: its name may lead to another one by now.
Found probe(const UniqueFd& pinned, const std::string& deed) {
    struct stat found {};

    if (::fstat(pinned.get(), &found) != 0) {
        throw_errno(deed);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return {PathState::OtherKind};
    }
    const UnixSockaddr address = by_descriptor(fmt::format("/proc/self/fd/{}", pinned.get()), deed);
    const UniqueFd probe = make_stream_socket(deed);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address.address);
    if (::connect(probe.get(), raw, address.length) == 0) {
        const ucred peer = peer_of(probe).value_or(ucred{0, found.st_uid, 0});
        return {PathState::Live, peer.uid, peer.pid};
    }
    if (errno == EAGAIN || errno == EPROTOTYPE) {  // its queue is full, or it has another type
        return {PathState::Live, found.st_uid};
    }
    if (errno == ECONNREFUSED) {
        return {PathState::Stale};
    }
    throw_errno(deed + ": is another process listening there?");
}

void remove_stale(const Place& place, const UniqueFd& pinned, const std::string& deed) {
    struct stat found {};

    struct stat named {};

    if (::fstat(pinned.get(), &found) == 0 &&
        ::fstatat(place.folder.get(), place.name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        named.st_ino == found.st_ino && named.st_dev == found.st_dev &&
        ::unlinkat(place.folder.get(), place.name.c_str(), 0) != 0 && errno != ENOENT) {
        throw_errno(deed + ": remove the stale socket");
    }
}

void make_room(const Place& place, const std::string& deed) {
    const UniqueFd pinned = UniqueFd::adopt(
        ::openat(place.folder.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!pinned) {
        if (errno == ENOENT) {
            return;
        }
        throw_errno(deed);
    }
    const Found found = probe(pinned, deed);
    switch (found.state) {
        case PathState::Live:
            refuse_live(found, deed);
        case PathState::OtherKind:
            throw ErrnoError(EEXIST, deed + ": there is a file that is no socket");
        case PathState::Stale:
            remove_stale(place, pinned, deed);
    }
}

/// Binds so that the file is created with the right mode: setting it afterwards, by path, could
/// change something that somebody has put there meanwhile.
void bind_with_mode(int fd, const UnixSockaddr& address, std::optional<mode_t> mode,
                    const std::string& deed) {
    if (mode && ::fchmod(fd, *mode) != 0) {
        throw_errno(deed + ": set the mode");
    }
    const std::optional<mode_t> former = mode ? std::optional(::umask(0)) : std::nullopt;
    const auto* raw = reinterpret_cast<const sockaddr*>(&address.address);
    const int result = ::bind(fd, raw, address.length);
    const int code = errno;
    if (former) {
        ::umask(*former);
    }
    if (result != 0) {
        throw ErrnoError(code, deed + ": bind");
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

BoundUnixSocket bind_unix_socket(const std::string& path, const UnixAccess& access,
                                 const std::string& deed) {
    const auto address = make_unix_sockaddr(path, false);
    if (!address) {
        throw ErrnoError(ENAMETOOLONG, deed + ": " + address.error().message);
    }
    const Place place = find_place(deed + ": bind", path, LastLink::Leave);
    make_room(place, deed);
    BoundUnixSocket bound{make_stream_socket(deed), {}};
    // Tools show the path that a socket was bound to, so use it unless somebody could replace one
    // of its folders.
    bind_with_mode(bound.fd.get(),
                   place.is_folder_sure ? *address
                                        : by_descriptor(fmt::format("/proc/self/fd/{}/{}",
                                                                    place.folder.get(), place.name),
                                                        deed),
                   access.mode, deed);
    bound.file = SocketFile::of(bound.fd.get(), path);
    if (!bound.file.is_there()) {
        throw ErrnoError(ESTALE, deed + ": somebody has replaced the socket's file");
    }
    try {
        // Set the mode again: a default ACL of the folder overrides that of a new file.
        bound.file.set_access(access);
    } catch (const ErrnoError& error) {
        bound.file.unlink_own();
        throw ErrnoError(error.code().value(), deed + ": set mode and owner");
    }
    return bound;
}

UniqueFd bind_abstract_socket(const std::string& name, const std::string& deed) {
    const auto where = make_unix_sockaddr(name, true);
    if (!where) {
        throw ErrnoError(ENAMETOOLONG, deed + ": " + where.error().message);
    }
    UniqueFd fd = make_stream_socket(deed);
    const auto* raw = reinterpret_cast<const sockaddr*>(&where->address);
    if (::bind(fd.get(), raw, where->length) == 0) {
        return fd;
    }
    const int code = errno;
    const UniqueFd probe = make_stream_socket(deed);
    if (code == EADDRINUSE && ::connect(probe.get(), raw, where->length) == 0) {
        if (const auto peer = peer_of(probe)) {
            refuse_live({PathState::Live, peer->uid, peer->pid}, deed);
        }
    }
    throw ErrnoError(code, deed + ": bind");
}

}  // namespace geventd::net
