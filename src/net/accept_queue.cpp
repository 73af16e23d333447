// SPDX-License-Identifier: MIT
#include "net/accept_queue.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace geventd::net {

std::uint32_t accept_queue(int listener) noexcept {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
        return 0;
    }
    return info.tcpi_unacked;  // of a listening socket it is the length of its queue
}

}  // namespace geventd::net
