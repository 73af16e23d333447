// SPDX-License-Identifier: MIT
#include "net/stream.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/uninterrupted.h"
#include "net/transport.h"

namespace geventd::net {

namespace {

// Up to this size, copying parts together is cheaper than a vectored send.
constexpr std::size_t kJoined = 4096;

// What the kernel takes as a time between its questions, in seconds.
constexpr std::int64_t kLongestProbe = 32767;

// So much of a file is read, and leaves through a transport with one system call.
constexpr std::size_t kFileBuffer = 64 << 10;

// The most of a file that goes through a transport at once.
constexpr std::size_t kFileBatch = 4 * kFileBuffer;

// The application may have the descriptor, too (uwsgi.connection_fd()), and make it blocking.
constexpr int kSend = MSG_NOSIGNAL | MSG_DONTWAIT;

bool must_wait(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

ssize_t send_bytes(int fd, const void* bytes, std::size_t size, int flags) {
    return uninterrupted([=] { return ::send(fd, bytes, size, flags); });
}

ssize_t send_vector(int fd, std::span<const iovec> parts, int flags) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());  // NOLINT: sendmsg does not write to it
    message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
    return uninterrupted([&] { return ::sendmsg(fd, &message, flags); });
}

ssize_t send_parts(int fd, std::span<const iovec> parts, int flags) {
    if (parts.size() == 1) {
        return send_bytes(fd, parts[0].iov_base, parts[0].iov_len, flags);
    }
    std::array<char, kJoined> joined;  // NOLINT(*-member-init): only the filled part is sent
    std::size_t size = 0;
    for (const iovec& part : parts) {
        if (part.iov_len > kJoined - size) {
            return send_vector(fd, parts, flags);
        }
        std::memcpy(joined.data() + size, part.iov_base, part.iov_len);
        size += part.iov_len;
    }
    return send_bytes(fd, joined.data(), size, flags);
}

// The client has reset a TCP connection, or its host has given no answer for too long. The kernel
// still counts what it would have sent.
bool is_over(int fd) {
    tcp_info info{};
    socklen_t length = sizeof info;
    return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           info.tcpi_state == TCP_CLOSE;
}

Stream::Result sent(ssize_t count) {
    if (count >= 0) {
        return {Stream::State::Done, static_cast<std::size_t>(count)};
    }
    return {must_wait(errno) ? Stream::State::Wait : Stream::State::Failed};
}

// Of the errors that sendfile() gives, those of the socket. ENOMEM and EBADF are nobody's.
bool is_of_socket(int error) {
    constexpr std::array kErrors{EPIPE,        ECONNRESET, ECONNABORTED, ECONNREFUSED, ETIMEDOUT,
                                 EHOSTUNREACH, EHOSTDOWN,  ENETUNREACH,  ENETDOWN,     ENETRESET,
                                 ENOBUFS,      EPERM,      EMSGSIZE,     ENOMEM,       EBADF};
    return std::find(kErrors.begin(), kErrors.end(), error) != kErrors.end();
}

Stream::FileResult sent_of_file(ssize_t count) {
    if (count < 0 && !must_wait(errno) && !is_of_socket(errno)) {
        return {Stream::State::Done, 0, errno};
    }
    const auto [state, bytes] = sent(count);
    return {state, bytes};
}

void make_nonblocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0) {
        ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    }
}

}  // namespace

Stream::Stream(UniqueFd fd) : fd_(std::move(fd)) {}

Stream::Stream(UniqueFd fd, std::unique_ptr<Transport> transport)
    : fd_(std::move(fd)), transport_(std::move(transport)) {}

Stream::Stream(Stream&&) noexcept = default;

Stream& Stream::operator=(Stream&&) noexcept = default;

Stream::~Stream() = default;

void Stream::put_under(std::unique_ptr<Transport> transport) noexcept {
    transport_ = std::move(transport);
}

Stream::Result Stream::receive(std::span<char> into) noexcept {
    if (transport_) {
        return transport_->receive(fd_.get(), into);
    }
    const ssize_t count =
        uninterrupted([&] { return ::recv(fd_.get(), into.data(), into.size(), MSG_DONTWAIT); });
    if (count > 0) {
        return {State::Done, static_cast<std::size_t>(count)};
    }
    return {count < 0 && must_wait(errno) ? State::Wait : State::Ended};
}

Stream::Result Stream::send(std::span<const iovec> parts, Then then) noexcept {
    const int flags = then == Then::More ? kSend | MSG_MORE : kSend;
    return transport_ ? transport_->send(fd_.get(), parts)
                      : sent(send_parts(fd_.get(), parts, flags));
}

Stream::FileResult Stream::send_file(int file, off_t& offset, std::size_t count) noexcept {
    if (transport_) {
        return send_file_through(file, offset, count);
    }
    make_nonblocking(fd_.get());
    return sent_of_file(uninterrupted([&] { return ::sendfile(fd_.get(), file, &offset, count); }));
}

// Reads the file into a buffer first, because the transport transforms the bytes.
Stream::FileResult Stream::send_file_through(int file, off_t& offset, std::size_t count) noexcept {
    std::array<char, kFileBuffer> buffer;  // NOLINT(*-member-init): only the filled part is sent
    count = std::min(count, kFileBatch);
    std::size_t sent = 0;
    while (sent < count) {
        const ssize_t got = uninterrupted([&] {
            return ::pread(file, buffer.data(), std::min(count - sent, buffer.size()), offset);
        });
        if (got <= 0) {
            return {State::Done, sent, got == 0 || sent > 0 ? 0 : errno};
        }
        const iovec part{buffer.data(), static_cast<std::size_t>(got)};
        const Result result = transport_->send(fd_.get(), {&part, 1});
        offset += static_cast<off_t>(result.count);
        sent += result.count;
        if (result.state != State::Done || result.count < part.iov_len) {
            return {sent > 0 && result.state == State::Wait ? State::Done : result.state, sent};
        }
    }
    return {State::Done, sent};
}

void Stream::offer(std::string_view bytes) noexcept {
    if (transport_) {
        return transport_->offer(fd_.get(), bytes);
    }
    // The iovec is only read from.
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
    static_cast<void>(send({&part, 1}));
}

Stream::State Stream::peek() const noexcept {
    if (transport_) {
        return transport_->has_bytes() ? State::Done : transport_->peek(fd_.get());
    }
    char byte = 0;
    const ssize_t count =
        uninterrupted([&] { return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT); });
    if (count > 0) {
        return State::Done;
    }
    return count < 0 && must_wait(errno) ? State::Wait : State::Ended;
}

bool Stream::has_hung_up() const noexcept {
    pollfd socket{fd_.get(), POLLRDHUP, 0};
    return uninterrupted([&] { return ::poll(&socket, 1, 0); }) > 0;
}

void Stream::probe_silent_client(Duration silence, Duration patience) noexcept {
    constexpr int kTries = 3;
    const auto seconds = [](Duration time) {
        const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time).count();
        return static_cast<int>(std::clamp<std::int64_t>(whole, 1, kLongestProbe));
    };
    const int on = 1;
    const int idle = seconds(silence);
    const int interval = seconds(patience / kTries);
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_KEEPCNT, &kTries, sizeof kTries);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void Stream::join_packets(bool on) noexcept {
    const int no_delay = on ? 0 : 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
}

Stream::Interest Stream::to_watch(Interest wanted) const noexcept {
    if (!transport_) {
        return wanted;
    }
    const bool receives = wanted.receive && transport_->receive_needs() == Transport::Need::Bytes;
    const bool sends = wanted.send && transport_->send_needs() == Transport::Need::Room;
    return {.receive = receives || (wanted.send && !sends),
            .send = sends || (wanted.receive && !receives)};
}

Stream::Interest Stream::may_go_on(Interest wanted, Interest ready) const noexcept {
    if (!transport_) {
        return ready;
    }
    const auto has = [&](Transport::Need need) {
        return need == Transport::Need::Bytes ? ready.receive : ready.send;
    };
    return {.receive = wanted.receive && (has_bytes() || has(transport_->receive_needs())),
            .send = wanted.send && has(transport_->send_needs())};
}

bool Stream::has_bytes() const noexcept {
    return transport_ && transport_->has_bytes();
}

void Stream::close() noexcept {
    transport_.reset();
    fd_.reset();
}

std::size_t Stream::queued() const noexcept {
    int bytes = 0;
    const bool known = ::ioctl(fd_.get(), SIOCOUTQ, &bytes) == 0 && bytes > 0;
    return known ? static_cast<std::size_t>(bytes) : 0;
}

std::size_t Stream::unacknowledged() const noexcept {
    const std::size_t bytes = queued();
    return bytes > 0 && !is_over(fd_.get()) ? bytes : 0;
}

bool Stream::has_taken_of(std::size_t former) const noexcept {
    constexpr std::size_t kLeast = 4096;  // a byte now and then keeps nobody
    const std::size_t left = unacknowledged();
    return left > 0 && left + kLeast <= former;
}

void Stream::end_sending() noexcept {
    if (transport_) {
        transport_->end_sending(fd_.get());
    }
    ::shutdown(fd_.get(), SHUT_WR);
}

void Stream::reset() noexcept {
    const sockaddr nobody{AF_UNSPEC, {}};
    static_cast<void>(::connect(fd_.get(), &nobody, sizeof nobody));
    ::shutdown(fd_.get(), SHUT_RDWR);  // for protocols without a reset
}

}  // namespace geventd::net
