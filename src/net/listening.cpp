// SPDX-License-Identifier: MIT
#include "net/listening.h"

#include <poll.h>
#include <sys/stat.h>

#include <cerrno>

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
