// SPDX-License-Identifier: MIT
#include "master/process/child.h"

#include <sys/socket.h>

#include <exception>
#include <utility>

#include "base/closer.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

// The most messages read from one process in a row; the loop reports the rest again.
constexpr int kBatch = 64;

// Every order counts. Of other kinds of message only the latest matters.
bool is_order(const ipc::Message& message) {
    return message.type == ipc::MessageType::Fork || message.type == ipc::MessageType::ForkSpare;
}

ipc::Message copy(const ipc::Message& message) {
    ipc::Message copied;
    copied.type = message.type;
    copied.role = message.role;
    copied.slot = message.slot;
    copied.worker = message.worker;
    copied.generation = message.generation;
    copied.value = message.value;
    copied.text = message.text;
    for (const UniqueFd& fd : message.fds) {
        copied.fds.push_back(duplicate(fd.get()));
    }
    return copied;
}

}  // namespace

Child::Child(event::Loop& loop, ipc::Channel channel, Owner& owner, ChangeListener& listener)
    : owner_(owner), listener_(listener), channel_(std::move(channel)), io_(loop) {
    io_.bind<Child, &Child::on_io>(this);
    io_.watch(channel_.fd(), event::Io::kRead);
}

bool Child::send(const ipc::Message& message) {
    if (channel_.fd() < 0) {
        return false;
    }
    if (!waiting_.empty()) {
        return keep(message);
    }
    std::size_t part = 0;  // every message sent here fits into one packet
    const auto sent = channel_.send(message, part);
    return sent && (*sent == ipc::Channel::Sent::Yes || keep(message));
}

bool Child::keep(const ipc::Message& message) {
    if (!io_.active()) {
        return false;
    }
    if (!is_order(message)) {
        std::erase_if(waiting_, [&](const ipc::Message& old) { return old.type == message.type; });
    }
    try {
        waiting_.push_back(copy(message));
    } catch (const std::exception& error) {
        log::error("process {} cannot be sent a message: {}", pid_, error.what());
        return false;
    }
    io_.watch(channel_.fd(), event::Io::kRead | event::Io::kWrite);
    return true;
}

void Child::send_waiting() {
    while (!waiting_.empty()) {
        std::size_t part = 0;
        const auto sent = channel_.send(waiting_.front(), part);
        if (sent && *sent == ipc::Channel::Sent::Full) {
            return;
        }
        if (!sent) {
            waiting_.clear();  // the process is gone
        } else {
            waiting_.pop_front();
        }
    }
    io_.watch(channel_.fd(), event::Io::kRead);
}

void Child::receive_up_to(int count) {
    for (int taken = 0; taken < count && io_.active(); ++taken) {
        ipc::Message message;
        const bool goes_on = receive_one(message);
        closer::close(std::move(message.fds));  // those that the owner has not taken
        if (!goes_on) {
            return;
        }
    }
}

bool Child::receive_one(ipc::Message& message) {
    const auto state = channel_.receive(message);
    if (!state) {
        // No more messages are read from it; the time limit of its state ends it.
        log::error("process {} sent an unreadable message: {}", pid_, state.error().message);
        io_.stop();
        return false;
    }
    if (*state == ipc::Channel::State::Closed) {
        io_.stop();
        owner_.on_hang_up();
    }
    if (*state != ipc::Channel::State::Message) {
        return false;
    }
    if (message.type == ipc::MessageType::Hello && pid_ == 0) {
        pid_ = message.sender;
    }
    if (message.lost_fds) {
        log::warning("descriptors sent by process {} are lost: this process has none left", pid_);
    }
    owner_.on_message(message);
    return true;
}

void Child::receive_last() {
    if (channel_.fd() >= 0) {
        ::shutdown(channel_.fd(), SHUT_RD);
        receive();
    }
}

void Child::hang_up() {
    io_.forget();
    waiting_.clear();
    channel_.close();
}

void Child::on_io(int events) noexcept {
    if ((events & event::Io::kWrite) != 0) {
        send_waiting();
    }
    receive_up_to(kBatch);
    listener_.on_change();
}

}  // namespace geventd::master
