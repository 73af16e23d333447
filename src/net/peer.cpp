// SPDX-License-Identifier: MIT
#include "net/peer.h"

#include <cerrno>
#include <utility>

#include "base/closer.h"

namespace geventd::net {

AcceptError classify_accept_error(int code) noexcept {
    switch (code) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return {AcceptError::Kind::Exhausted, code};
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
        case EFAULT:
            return {AcceptError::Kind::Broken, code};
        case EINTR:
        case ECONNABORTED:
        case ENETDOWN:
        case EPROTO:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ETIMEDOUT:
            // accept(2): pending network errors of the new socket, or a connection that was aborted
            // in the queue.
            return {AcceptError::Kind::Transient, code};
        default:
            // Among them EPERM, of a firewall or a security module: the next try may fail again.
            // EOPNOTSUPP may be the network's or the socket's.
            return {AcceptError::Kind::Unknown, code};
    }
}

Result<std::optional<Accepted>, AcceptError> accept_peer(int listener) noexcept {
    Accepted accepted;
    int fd = -1;
    do {
        accepted.peer_length = sizeof accepted.peer;
        auto* peer = reinterpret_cast<sockaddr*>(&accepted.peer);
        fd = ::accept4(listener, peer, &accepted.peer_length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd >= 0) {
        accepted.fd = UniqueFd::adopt(fd);
        return std::optional<Accepted>(std::move(accepted));
    }
    if (errno == EAGAIN) {
        return std::optional<Accepted>();
    }
    return tl::unexpected<AcceptError>(classify_accept_error(errno));
}

int family_of(int fd) noexcept {
    int family = -1;
    socklen_t length = sizeof family;
    return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0 ? family : -1;
}

void close_connection(UniqueFd fd) noexcept {
    if (family_of(fd.get()) == AF_UNIX) {
        closer::close(std::move(fd));
    }
}

}  // namespace geventd::net
