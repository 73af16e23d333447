// SPDX-License-Identifier: MIT
#include "net/listening.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace geventd::net {

bool is_listening(int fd) noexcept {
    int listens = 0;
    socklen_t length = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens == 0) {
        return false;
    }
    // A unix socket that was shut down still claims to listen.
    pollfd state{fd, POLLRDHUP, 0};
    return ::poll(&state, 1, 0) == 0;
}

bool is_bound_to(int fd, const Address& address) noexcept {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
        return false;
    }
    if (name.ss_family == AF_INET || name.ss_family == AF_INET6) {
        in_port_t port = 0;  // which stands in the same place in both
        std::memcpy(&port, reinterpret_cast<const char*>(&name) + offsetof(sockaddr_in, sin_port),
                    sizeof port);
        return ntohs(port) == address.port;
    }
    const std::string_view path(reinterpret_cast<const sockaddr_un&>(name).sun_path,
                                length - offsetof(sockaddr_un, sun_path));
    return path.substr(0, path.find('\0')) == address.path;
}

ino_t socket_inode(int fd) noexcept {
    struct stat found {};

    return ::fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode) ? found.st_ino : 0;
}

int listen_again(int fd, const sockaddr_storage& name, socklen_t length, int backlog) noexcept {
    // EINVAL: it is still bound.
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), length) != 0 && errno != EINVAL) {
        return errno;
    }
    return ::listen(fd, backlog) == 0 ? 0 : errno;
}

}  // namespace geventd::net
