// SPDX-License-Identifier: MIT
#include "master/control/control_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "base/closer.h"
#include "base/packet.h"
#include "ipc/control_protocol.h"
#include "net/peer.h"

namespace geventd::master {

ControlConnection::ControlConnection(const Context& context, std::uint64_t id, UniqueFd fd)
    : context_(context), id_(id), fd_(std::move(fd)), io_(context.loop) {
    io_.bind<ControlConnection, &ControlConnection::on_io>(this);
    io_.watch(fd_.get(), event::Io::kRead);
    context_.loop.refresh_now();
    context_.deadlines.start(*this);
}

ControlConnection::~ControlConnection() {
    io_.forget();
    net::close_connection(std::move(fd_));
}

// As recv(). A client of a unix socket may send descriptors along, which nobody wants.
ssize_t ControlConnection::receive(std::span<char> room) {
    Packet packet = receive_packet(fd_.get(), room);
    closer::close(std::move(packet.fds));
    errno = packet.error;
    return packet.size;
}

void ControlConnection::on_due() noexcept {
    context_.owner.on_finished(*this);
}

void ControlConnection::on_io(int) noexcept {
    switch (state_) {
        case State::Reading:
            return read_more();
        case State::Waiting:
            return look_whether_gone();
        case State::Writing:
            return write_more();
    }
}

void ControlConnection::read_more() noexcept {
    std::array<char, 4096> buffer;
    const ssize_t got = receive(buffer);
    if (got < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            context_.owner.on_finished(*this);
        }
        return;
    }
    try {
        input_.append(buffer.data(), static_cast<std::size_t>(got));
    } catch (const std::bad_alloc&) {
        return context_.owner.on_finished(*this);
    }
    const std::size_t end = input_.find('\n');
    if (input_.size() > ipc::kMaxControlRequest) {
        return answer(ipc::format_control_error("the request is too long"));
    }
    if (end == std::string::npos && got > 0) {
        return;
    }
    if (input_.empty()) {
        return context_.owner.on_finished(*this);
    }
    input_.resize(std::min(end, input_.size()));
    state_ = State::Waiting;
    cancel();
    // The connection may be gone when this returns.
    context_.owner.on_request(*this, std::exchange(input_, {}));
}

// A client that only shut its sending side down still wants the answer.
void ControlConnection::look_whether_gone() noexcept {
    pollfd state{fd_.get(), 0, 0};
    if (::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0) {
        return context_.owner.on_finished(*this);
    }
    io_.stop();
}

void ControlConnection::answer(std::string text) noexcept {
    if (state_ == State::Writing) {
        return;  // answered already
    }
    state_ = State::Writing;
    output_ = std::move(text);
    context_.loop.refresh_now();
    context_.deadlines.start(*this);
    write_more();
}

void ControlConnection::write_more() noexcept {
    while (sent_ < output_.size()) {
        const ssize_t sent = ::send(fd_.get(), output_.data() + sent_, output_.size() - sent_,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            sent_ += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN) {
            return io_.watch(fd_.get(), event::Io::kWrite);
        } else if (errno != EINTR) {
            break;
        }
    }
    context_.owner.on_finished(*this);
}

}  // namespace geventd::master
