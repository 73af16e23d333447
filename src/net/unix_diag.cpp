// SPDX-License-Identifier: MIT
#include "net/unix_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/fd.h"

namespace geventd::net {

namespace {

struct DiagRequest {
    nlmsghdr header;
    unix_diag_req body;
};

bool ask_about(int netlink, ino_t inode) noexcept {
    DiagRequest request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_states = 0xffff'ffff;
    request.body.udiag_ino = static_cast<std::uint32_t>(inode);
    request.body.udiag_show = UDIAG_SHOW_RQLEN | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER;
    request.body.udiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request.body.udiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return ::send(netlink, &request, sizeof request, 0) == sizeof request;
}

template <typename T>
bool read_attribute(const char* answer, std::size_t size, std::size_t at, T& value) noexcept {
    if (at + RTA_LENGTH(sizeof value) > size) {
        return false;
    }
    std::memcpy(&value, answer + at + RTA_LENGTH(0), sizeof value);
    return true;
}

std::optional<UnixDiag> parse(const char* answer, std::size_t size) noexcept {
    nlmsghdr header;
    constexpr std::size_t kBody = NLMSG_LENGTH(0);
    if (size < kBody + sizeof(unix_diag_msg)) {
        return std::nullopt;
    }
    std::memcpy(&header, answer, sizeof header);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
        return std::nullopt;
    }
    UnixDiag diag;
    std::size_t at = kBody + NLMSG_ALIGN(sizeof(unix_diag_msg));
    rtattr attribute;
    while (at + sizeof attribute <= size) {
        std::memcpy(&attribute, answer + at, sizeof attribute);
        unix_diag_rqlen lengths;
        unix_diag_vfs file;
        if (attribute.rta_type == UNIX_DIAG_RQLEN && read_attribute(answer, size, at, lengths)) {
            diag.waiting = lengths.udiag_rqueue;
            diag.most = lengths.udiag_wqueue;
        } else if (attribute.rta_type == UNIX_DIAG_VFS && read_attribute(answer, size, at, file)) {
            diag.inode = file.udiag_vfs_ino;
        } else if (attribute.rta_type == UNIX_DIAG_PEER) {
            read_attribute(answer, size, at, diag.peer);
        }
        at += std::max<std::size_t>(RTA_ALIGN(attribute.rta_len), sizeof attribute);
    }
    return diag;
}

}  // namespace

std::optional<UnixDiag> unix_diag(int socket) noexcept {
    struct stat status {};

    const UniqueFd netlink =
        UniqueFd::adopt(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink || ::fstat(socket, &status) != 0 || !ask_about(netlink.get(), status.st_ino)) {
        return std::nullopt;
    }
    std::array<char, 4096> answer;
    const ssize_t size = ::recv(netlink.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    return size > 0 ? parse(answer.data(), static_cast<std::size_t>(size)) : std::nullopt;
}

}  // namespace geventd::net
