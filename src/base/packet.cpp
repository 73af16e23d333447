// SPDX-License-Identifier: MIT
#include "base/packet.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/uninterrupted.h"

namespace geventd {

namespace {

constexpr std::size_t kRoomForFds = CMSG_SPACE(sizeof(int) * kMostPassedFds);

void attach(msghdr& message, std::span<const UniqueFd> fds) {
    cmsghdr* control = CMSG_FIRSTHDR(&message);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    unsigned char* place = CMSG_DATA(control);
    for (const UniqueFd& fd : fds) {
        const int number = fd.get();
        std::memcpy(place, &number, sizeof number);
        place += sizeof number;
    }
}

void take_control(msghdr& message, Packet& packet) {
    for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
         control = CMSG_NXTHDR(&message, control)) {
        if (control->cmsg_level != SOL_SOCKET) {
            continue;
        }
        const unsigned char* data = CMSG_DATA(control);
        const std::size_t size = control->cmsg_len - CMSG_LEN(0);
        if (control->cmsg_type == SCM_RIGHTS) {
            for (std::size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
                int fd = -1;
                std::memcpy(&fd, data + at, sizeof fd);
                packet.fds.push_back(UniqueFd::adopt(fd));
            }
        } else if (control->cmsg_type == SCM_CREDENTIALS) {
            ucred credentials{};
            std::memcpy(&credentials, data, sizeof credentials);
            packet.sender = credentials.pid;
        }
    }
}

}  // namespace

Packet receive_packet(int socket, std::span<char> room) {
    Packet packet;
    packet.fds.reserve(kMostPassedFds);  // no allocation may fail once the kernel has delivered fds
    alignas(cmsghdr) std::array<char, kRoomForFds + CMSG_SPACE(sizeof(ucred))> control{};
    iovec part{room.data(), room.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto take = [&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); };
    packet.size = uninterrupted(take);
    if (packet.size < 0 && errno == ECONNRESET) {
        packet.size = uninterrupted(take);  // the kernel reports ECONNRESET once, before the data
    }
    if (packet.size < 0) {
        packet.error = errno;
        return packet;
    }
    take_control(message, packet);
    packet.cut = (message.msg_flags & MSG_TRUNC) != 0;
    packet.lost_fds = (message.msg_flags & MSG_CTRUNC) != 0;
    return packet;
}

int send_packet(int socket, std::span<iovec> pieces, std::span<const UniqueFd> fds) noexcept {
    alignas(cmsghdr) std::array<char, kRoomForFds> control{};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    if (!fds.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        attach(message, fds);
    }
    const auto send = [&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT); };
    return uninterrupted(send) < 0 ? errno : 0;
}

}  // namespace geventd
