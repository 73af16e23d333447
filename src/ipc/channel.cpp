// SPDX-License-Identifier: MIT
#include "ipc/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <span>

#include <fmt/core.h>

#include "base/closer.h"
#include "base/errno_error.h"
#include "base/packet.h"
#include "base/uninterrupted.h"

// One message is one packet: the fixed header, then the text. Descriptors are passed as SCM_RIGHTS,
// the sender's pid as SCM_CREDENTIALS, which the kernel fills in. The kernel passes at most 253
// descriptors at once: a message with more is several packets, of which the last has the text.

namespace geventd::ipc {

namespace {

constexpr std::uint32_t kMagic = 0x67656402;

struct Header {
    std::uint32_t magic;
    std::uint32_t type;
    std::uint32_t role;
    std::uint32_t slot;
    std::uint32_t worker;
    std::uint32_t generation;
    std::uint32_t value;
    std::uint32_t part;
    std::uint32_t parts;
    std::uint32_t text_size;
};

constexpr std::size_t kFdsInPacket = 250;
constexpr std::size_t kMaxPacket = sizeof(Header) + kMaxText;

UniqueFd prepare_end(int fd) {
    UniqueFd end = UniqueFd::adopt(fd);
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0) {
        throw_errno("setsockopt SO_PASSCRED");
    }
    return end;
}

bool parse(std::string_view bytes, Header& header, Message& message) {
    if (bytes.size() < sizeof header) {
        return false;
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    bytes.remove_prefix(sizeof header);
    if (header.magic != kMagic || header.text_size != bytes.size() || header.part >= header.parts ||
        header.type < static_cast<std::uint32_t>(MessageType::Hello) ||
        header.type > static_cast<std::uint32_t>(kLastMessageType)) {
        return false;
    }
    message.type = static_cast<MessageType>(header.type);
    message.role = static_cast<Role>(header.role);
    message.slot = header.slot;
    message.worker = header.worker;
    message.generation = header.generation;
    message.value = header.value;
    message.text.assign(bytes);
    return true;
}

}  // namespace

Channel& Channel::operator=(Channel&& other) noexcept {
    close();
    fd_ = std::move(other.fd_);
    peer_ = other.peer_;
    earlier_ = std::move(other.earlier_);
    return *this;
}

void Channel::close() noexcept {
    if (fd_ && peer_ == Peer::Foreign && closer::is_started()) {
        ::shutdown(fd_.get(), SHUT_RDWR);  // the peer notices at once, whenever it is closed
        closer::close(std::move(fd_));
    }
    fd_.reset();
}

std::pair<Channel, Channel> Channel::make_pair() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        throw_errno("socketpair");
    }
    UniqueFd second = UniqueFd::adopt(ends[1]);
    UniqueFd first = prepare_end(ends[0]);
    std::pair<Channel, Channel> pair{Channel(std::move(first)),
                                     Channel(prepare_end(second.release()))};
    pair.first.peer_ = Peer::Foreign;
    return pair;
}

Result<Channel::Sent> Channel::send(const Message& message, std::size_t& part) {
    const std::size_t parts =
        std::max<std::size_t>((message.fds.size() + kFdsInPacket - 1) / kFdsInPacket, 1);
    for (; part < parts; ++part) {
        const bool last = part + 1 == parts;
        const std::string_view text =
            last ? std::string_view(message.text).substr(0, kMaxText) : std::string_view();
        Header header{kMagic,
                      static_cast<std::uint32_t>(message.type),
                      static_cast<std::uint32_t>(message.role),
                      message.slot,
                      message.worker,
                      message.generation,
                      message.value,
                      static_cast<std::uint32_t>(part),
                      static_cast<std::uint32_t>(parts),
                      static_cast<std::uint32_t>(text.size())};
        iovec pieces[2] = {{&header, sizeof header}, {const_cast<char*>(text.data()), text.size()}};
        const std::span<const UniqueFd> all(message.fds);
        const auto fds = all.subspan(part * kFdsInPacket,
                                     std::min(kFdsInPacket, all.size() - part * kFdsInPacket));
        const std::size_t used = text.empty() ? 1 : 2;
        if (const int error = send_packet(fd_.get(), std::span(pieces).first(used), fds)) {
            return error == EAGAIN ? Result<Sent>(Sent::Full) : failure(errno_text(error));
        }
    }
    return Sent::Yes;
}

Result<void> Channel::send(const Message& message) {
    std::size_t part = 0;
    const auto sent = send(message, part);
    if (!sent) {
        return tl::unexpected<Error>(sent.error());
    }
    if (*sent == Sent::Full) {
        return failure("the peer does not read its messages");
    }
    return {};
}

Result<void> Channel::send_within(int milliseconds, const Message& message) {
    std::size_t part = 0;
    for (;;) {
        const auto sent = send(message, part);
        if (!sent) {
            return tl::unexpected<Error>(sent.error());
        }
        if (*sent == Sent::Yes) {
            return {};
        }
        pollfd writable{fd_.get(), POLLOUT, 0};
        if (uninterrupted([&] { return ::poll(&writable, 1, milliseconds); }) <= 0) {
            return failure("the peer does not read its messages");
        }
    }
}

Result<std::optional<Channel::State>> Channel::take_packet(Message& message) {
    message = Message{};
    const auto bytes = std::make_unique_for_overwrite<char[]>(kMaxPacket);
    Packet packet = receive_packet(fd_.get(), {bytes.get(), kMaxPacket});
    if (packet.error == EAGAIN) {
        return State::Empty;
    }
    if (packet.error != 0 && packet.error != ECONNRESET) {
        return failure(errno_text(packet.error));
    }
    message.fds = std::move(packet.fds);
    message.sender = packet.sender;
    message.lost_fds = packet.lost_fds;
    if (packet.size <= 0) {
        return State::Closed;
    }
    Header header{};
    if (packet.cut ||
        !parse({bytes.get(), static_cast<std::size_t>(packet.size)}, header, message)) {
        earlier_.clear();
        return failure("a packet that is no message of this version");
    }
    if (header.parts > 1 && peer_ == Peer::Foreign) {
        return failure("a message of several packets");
    }
    if (header.part == 0) {
        earlier_.clear();  // drop an unfinished message
    } else if (earlier_.size() != header.part * kFdsInPacket) {
        return failure("a packet that belongs to no message");
    }
    if (header.parts == 1) {
        return State::Message;
    }
    std::move(message.fds.begin(), message.fds.end(), std::back_inserter(earlier_));
    message.fds.clear();
    if (header.part + 1 == header.parts) {
        message.fds = std::exchange(earlier_, {});
        return State::Message;
    }
    return std::nullopt;
}

Result<Channel::State> Channel::receive(Message& message) {
    for (;;) {
        const auto state = take_packet(message);
        if (!state) {
            return tl::unexpected<Error>(state.error());
        }
        if (*state) {
            return **state;
        }
    }
}

Result<std::optional<Message>> Channel::wait() {
    for (;;) {
        Message message;
        const Result<State> state = receive(message);
        if (!state) {
            return tl::unexpected<Error>(state.error());
        }
        if (*state == State::Message) {
            return std::optional<Message>(std::move(message));
        }
        if (*state == State::Closed) {
            return std::optional<Message>();
        }
        pollfd wanted{fd_.get(), POLLIN, 0};
        if (uninterrupted([&] { return ::poll(&wanted, 1, -1); }) < 0) {
            return failure(errno_text(errno));
        }
    }
}

}  // namespace geventd::ipc
