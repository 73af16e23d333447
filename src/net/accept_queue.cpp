// SPDX-License-Identifier: MIT
#include "net/accept_queue.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

#include "net/unix_diag.h"

namespace geventd::net {

AcceptQueue accept_queue(int listener) noexcept {
    int domain = 0;
    socklen_t length = sizeof domain;
    if (::getsockopt(listener, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) {
        return {};
    }
    if (domain == AF_UNIX) {
        const UnixDiag diag = unix_diag(listener).value_or(UnixDiag{});
        return {diag.waiting, diag.most, 0};
    }
    tcp_info info{};
    length = sizeof info;
    if (::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
        return {};
    }
    std::array<std::uint32_t, SK_MEMINFO_VARS> counts{};
    length = sizeof counts;
    ::getsockopt(listener, SOL_SOCKET, SO_MEMINFO, counts.data(), &length);
    // For a listening socket the kernel fills these with the queue's length and limit.
    return {info.tcpi_unacked, info.tcpi_sacked, counts[SK_MEMINFO_DROPS]};
}

}  // namespace geventd::net
