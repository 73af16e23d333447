// SPDX-License-Identifier: MIT
#include "net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/uninterrupted.h"

namespace geventd::net {

namespace {

// Up to so many bytes, joining parts costs less than having the kernel walk over them does.
constexpr std::size_t kJoined = 4096;

// The application has the descriptor as well (uwsgi.connection_fd()), and may have it block.
constexpr int kSend = MSG_NOSIGNAL | MSG_DONTWAIT;

bool must_wait(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

std::size_t total(std::span<const iovec> parts) {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
        bytes += part.iov_len;
    }
    return bytes;
}

ssize_t send_bytes(int fd, const void* bytes, std::size_t size) {
    return uninterrupted([=] { return ::send(fd, bytes, size, kSend); });
}

ssize_t send_joined(int fd, std::span<const iovec> parts) {
    std::array<char, kJoined> joined;  // NOLINT(*-member-init): filled as far as it is sent
    std::size_t size = 0;
    for (const iovec& part : parts) {
        std::memcpy(joined.data() + size, part.iov_base, part.iov_len);
        size += part.iov_len;
    }
    return send_bytes(fd, joined.data(), size);
}

ssize_t send_parts(int fd, std::span<const iovec> parts) {
    if (parts.size() == 1) {
        return send_bytes(fd, parts[0].iov_base, parts[0].iov_len);
    }
    if (total(parts) <= kJoined) {
        return send_joined(fd, parts);
    }
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());  // NOLINT: sendmsg does not write to it
    message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
    return uninterrupted([&] { return ::sendmsg(fd, &message, kSend); });
}

Stream::Result sent(ssize_t count) {
    if (count >= 0) {
        return {Stream::State::Done, static_cast<std::size_t>(count)};
    }
    return {must_wait(errno) ? Stream::State::Wait : Stream::State::Failed};
}

}  // namespace

Stream::Result Stream::receive(std::span<char> into) noexcept {
    const ssize_t count =
        uninterrupted([&] { return ::recv(fd_.get(), into.data(), into.size(), MSG_DONTWAIT); });
    if (count > 0) {
        return {State::Done, static_cast<std::size_t>(count)};
    }
    return {count < 0 && must_wait(errno) ? State::Wait : State::Ended};
}

Stream::Result Stream::send(std::span<const iovec> parts) noexcept {
    return sent(send_parts(fd_.get(), parts));
}

Stream::Result Stream::send_file(int file, off_t& offset, std::size_t count) noexcept {
    return sent(uninterrupted([&] { return ::sendfile(fd_.get(), file, &offset, count); }));
}

void Stream::offer(std::string_view bytes) noexcept {
    [[maybe_unused]] const ssize_t sent = send_bytes(fd_.get(), bytes.data(), bytes.size());
}

Stream::State Stream::peek() const noexcept {
    char byte = 0;
    const ssize_t count =
        uninterrupted([&] { return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT); });
    if (count > 0) {
        return State::Done;
    }
    return count < 0 && must_wait(errno) ? State::Wait : State::Ended;
}

void Stream::join_packets(bool on) noexcept {
    const int no_delay = on ? 0 : 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
}

void Stream::end_sending() noexcept {
    ::shutdown(fd_.get(), SHUT_WR);
}

void Stream::reset() noexcept {
    const sockaddr nobody{AF_UNSPEC, {}};
    static_cast<void>(::connect(fd_.get(), &nobody, sizeof nobody));
    ::shutdown(fd_.get(), SHUT_RDWR);  // where the protocol has no reset
}

}  // namespace geventd::net
