// SPDX-License-Identifier: MIT
#include "master/process/child.h"

#include <sys/socket.h>

#include <utility>

#include "log/logger.h"

namespace geventd::master {

Child::Child(event::Loop& loop, ipc::Channel channel, Owner& owner, ChangeListener& listener)
    : owner_(owner), listener_(listener), channel_(std::move(channel)), io_(loop) {
    io_.bind<Child, &Child::on_io>(this);
    io_.watch(channel_.fd(), event::Io::kRead);
}

bool Child::send(const ipc::Message& message) {
    return channel_.fd() >= 0 && channel_.send(message).has_value();
}

void Child::receive() {
    while (io_.active()) {
        ipc::Message message;
        const auto state = channel_.receive(message);
        if (!state) {
            // It is deaf from now on; the deadline of its state ends it.
            log::error("process {} sent what cannot be read: {}", pid_, state.error().message);
            io_.stop();
            return;
        }
        if (*state == ipc::Channel::State::Empty) {
            return;
        }
        if (*state == ipc::Channel::State::Closed) {
            io_.stop();
            owner_.on_hang_up();
            return;
        }
        if (message.type == ipc::MessageType::Hello && pid_ == 0) {
            pid_ = message.sender;
        }
        owner_.on_message(message);
    }
}

void Child::receive_last() {
    if (channel_.fd() >= 0) {
        ::shutdown(channel_.fd(), SHUT_RD);
        receive();
    }
}

void Child::hang_up() {
    io_.stop();
    channel_.release().reset();
}

void Child::on_io(int) noexcept {
    receive();
    listener_.on_change();
}

}  // namespace geventd::master
