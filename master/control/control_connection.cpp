// SPDX-License-Identifier: MIT
#include "master/control/control_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "ipc/control_protocol.h"

namespace geventd::master {

void ControlConnection::on_readable() noexcept {
    switch (state_) {
        case State::Reading:
            return read_more();
        case State::Waiting:
            return look_whether_gone();
        case State::Writing:
            return;
    }
}

void ControlConnection::read_more() noexcept {
    std::array<char, 4096> buffer;
    const ssize_t got = receive(buffer);
    if (got < 0) {
        if (has_failed()) {
            finish();
        }
        return;
    }
    try {
        input_.append(buffer.data(), static_cast<std::size_t>(got));
    } catch (const std::bad_alloc&) {
        return finish();
    }
    const std::size_t end = input_.find('\n');
    if (input_.size() > ipc::kMaxControlRequest) {
        return answer(ipc::format_control_error("the request is too long"));
    }
    if (end == std::string::npos && got > 0) {
        return;
    }
    if (input_.empty()) {
        return finish();
    }
    input_.resize(std::min(end, input_.size()));
    state_ = State::Waiting;
    cancel();
    // This call may destroy the connection.
    on_request_(*this, std::exchange(input_, {}));
}

// A client that only shut down its sending side still wants the answer.
void ControlConnection::look_whether_gone() noexcept {
    pollfd state{fd(), 0, 0};
    if (::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0) {
        return finish();
    }
    io().stop();
}

void ControlConnection::answer(std::string text) noexcept {
    if (std::exchange(state_, State::Writing) != State::Writing) {
        send(std::move(text));
    }
}

}  // namespace geventd::master
