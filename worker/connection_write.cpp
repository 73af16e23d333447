// SPDX-License-Identifier: MIT
// The writing half of a connection: sends at once what the kernel takes; the loop sends the rest
// without Python and resumes the greenlet when all of it is out.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "worker/connection.h"
#include "worker/worker.h"

namespace geventd::worker {

namespace {

// Drops the first `sent` bytes of the parts.
void advance(std::vector<iovec>& parts, std::size_t sent) {
    std::size_t done = 0;
    while (done < parts.size() && sent >= parts[done].iov_len) {
        sent -= parts[done].iov_len;
        ++done;
    }
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(done));
    if (!parts.empty() && sent > 0) {
        parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + sent;
        parts.front().iov_len -= sent;
    }
}

std::size_t total(std::span<const iovec> parts) {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
        bytes += part.iov_len;
    }
    return bytes;
}

// Up to so many bytes, joining parts costs less than having the kernel walk over them does.
constexpr std::size_t kJoined = 4096;

ssize_t send_bytes(int fd, const void* bytes, std::size_t size) {
    ssize_t sent = 0;
    do {
        sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
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
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

// Of an application that makes pieces faster than this, some may share a packet.
constexpr auto kQuickPiece = std::chrono::microseconds(200);

void set_nodelay(int fd, int on) {
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool is_full(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

Connection::IoState Connection::write(std::span<const iovec> parts) {
    if (broken_ || state_ != State::Running) {
        return IoState::Failed;
    }
    const ssize_t sent = send_parts(fd_.get(), parts);
    if (sent >= 0 && static_cast<std::size_t>(sent) == total(parts)) {
        return IoState::Done;
    }
    if (sent < 0 && !is_full(errno)) {
        broken_ = true;
        return IoState::Failed;
    }
    try {
        unsent_.assign(parts.begin(), parts.end());
    } catch (const std::bad_alloc&) {
        broken_ = true;
        return IoState::Failed;
    }
    advance(unsent_, sent > 0 ? static_cast<std::size_t>(sent) : 0);
    const IoState state = send_unsent();
    if (state == IoState::Wait) {
        io_.watch(fd_.get(), event::Io::kWrite | io_.events());
        worker_.limits().write.start(*this);
    }
    return state;
}

// A packet a piece costs four times as much as the piece's copy does.
void Connection::follow_piece() noexcept {
    const TimePoint now = Clock::now();
    const bool quick = now - std::exchange(request_->last_piece, now) < kQuickPiece;
    if (!quick) {
        separate_pieces();
    } else if (!joins_pieces_ && peer_.kind != Peer::Kind::Unix) {
        joins_pieces_ = true;
        set_nodelay(fd_.get(), 0);
        worker_.separate_pieces_later(*this);
    }
}

void Connection::separate_pieces() noexcept {
    if (std::exchange(joins_pieces_, false)) {
        set_nodelay(fd_.get(), 1);
    }
}

Connection::IoState Connection::send_unsent() {
    while (!unsent_.empty()) {
        const ssize_t sent = send_parts(fd_.get(), unsent_);
        if (sent < 0) {
            if (is_full(errno)) {
                return IoState::Wait;
            }
            broken_ = true;
            unsent_.clear();
            return IoState::Failed;
        }
        advance(unsent_, static_cast<std::size_t>(sent));
    }
    return IoState::Done;
}

void Connection::on_writable() {
    if (state_ != State::Running) {
        return;
    }
    if (write_pending() && send_unsent() == IoState::Wait) {
        worker_.limits().write.start(*this);
        return;
    }
    abandon_write();
    if (request_->writer) {
        worker_.application().resume(request_->writer);
    }
}

Connection::IoState Connection::send_file(int file, off_t& offset, std::size_t count) {
    if (broken_ || state_ != State::Running) {
        return IoState::Failed;
    }
    ssize_t sent = 0;
    do {
        sent = ::sendfile(fd_.get(), file, &offset, count);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        return IoState::Done;
    }
    if (is_full(errno)) {
        return IoState::Wait;
    }
    broken_ = true;
    return IoState::Failed;
}

void Connection::await_writable() {
    io_.watch(fd_.get(), event::Io::kWrite | io_.events());
    worker_.limits().write.start(*this);
}

void Connection::abandon_write() noexcept {
    if (write_pending()) {
        broken_ = true;
        unsent_.clear();
    }
    cancel();
    if (request_->reader) {
        worker_.limits().body.start(*this);
    }
    if ((io_.events() & event::Io::kRead) != 0) {
        io_.watch(fd_.get(), event::Io::kRead);
    } else {
        io_.stop();
    }
}

}  // namespace geventd::worker
