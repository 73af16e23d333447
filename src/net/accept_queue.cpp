// SPDX-License-Identifier: MIT
#include "net/accept_queue.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/fd.h"

namespace geventd::net {

namespace {

struct DiagRequest {
    nlmsghdr header;
    unix_diag_req body;
};

// Of unix sockets only the kernel's socket monitoring tells (sock_diag(7)).
bool ask_about_unix(int netlink, ino_t inode) noexcept {
    DiagRequest request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_states = 0xffff'ffff;
    request.body.udiag_ino = static_cast<std::uint32_t>(inode);
    request.body.udiag_show = UDIAG_SHOW_RQLEN;
    request.body.udiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request.body.udiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return ::send(netlink, &request, sizeof request, 0) == sizeof request;
}

AcceptQueue find_queue(const char* answer, std::size_t size) noexcept {
    nlmsghdr header;
    constexpr std::size_t kBody = NLMSG_LENGTH(0);
    if (size < kBody + sizeof(unix_diag_msg)) {
        return {};
    }
    std::memcpy(&header, answer, sizeof header);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
        return {};
    }
    std::size_t at = kBody + NLMSG_ALIGN(sizeof(unix_diag_msg));
    rtattr attribute;
    while (at + sizeof attribute <= size) {
        std::memcpy(&attribute, answer + at, sizeof attribute);
        if (attribute.rta_type == UNIX_DIAG_RQLEN &&
            at + RTA_LENGTH(sizeof(unix_diag_rqlen)) <= size) {
            unix_diag_rqlen lengths;
            std::memcpy(&lengths, answer + at + RTA_LENGTH(0), sizeof lengths);
            return {lengths.udiag_rqueue, lengths.udiag_wqueue, 0};
        }
        at += std::max<std::size_t>(RTA_ALIGN(attribute.rta_len), sizeof attribute);
    }
    return {};
}

AcceptQueue unix_queue(int listener) noexcept {
    struct stat status {};

    const UniqueFd netlink =
        UniqueFd::adopt(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink || ::fstat(listener, &status) != 0 ||
        !ask_about_unix(netlink.get(), status.st_ino)) {
        return {};
    }
    std::array<char, 4096> answer;
    const ssize_t size = ::recv(netlink.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    return size > 0 ? find_queue(answer.data(), static_cast<std::size_t>(size)) : AcceptQueue{};
}

}  // namespace

AcceptQueue accept_queue(int listener) noexcept {
    int domain = 0;
    socklen_t length = sizeof domain;
    if (::getsockopt(listener, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) {
        return {};
    }
    if (domain == AF_UNIX) {
        return unix_queue(listener);
    }
    tcp_info info{};
    length = sizeof info;
    if (::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
        return {};
    }
    std::array<std::uint32_t, SK_MEMINFO_VARS> counts{};
    length = sizeof counts;
    ::getsockopt(listener, SOL_SOCKET, SO_MEMINFO, counts.data(), &length);
    // What these mean of a listening socket.
    return {info.tcpi_unacked, info.tcpi_sacked, counts[SK_MEMINFO_DROPS]};
}

}  // namespace geventd::net
