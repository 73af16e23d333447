// SPDX-License-Identifier: MIT
#include "master/clients/client.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/closer.h"
#include "base/packet.h"
#include "net/peer.h"

namespace geventd::master {

Client::Client(const Context& context, std::uint64_t id, UniqueFd fd)
    : loop_(context.loop),
      deadlines_(context.deadlines),
      owner_(context.owner),
      id_(id),
      fd_(std::move(fd)),
      io_(context.loop) {
    io_.bind<Client, &Client::on_io>(this);
    io_.watch(fd_.get(), event::Io::kRead);
    begin_deadline();
}

Client::~Client() {
    io_.forget();
    net::close_connection(std::move(fd_));
}

void Client::begin_deadline() {
    loop_.refresh_now();
    deadlines_.start(*this);
}

ssize_t Client::receive(std::span<char> room) noexcept {
    Packet packet = receive_packet(fd_.get(), room);
    closer::close(std::move(packet.fds));
    errno = packet.error;
    return packet.size;
}

bool Client::has_failed() noexcept {
    return errno != EAGAIN && errno != EINTR;
}

void Client::on_io(int events) noexcept {
    if ((events & event::Io::kWrite) != 0) {
        write_more();
    } else {
        on_readable();
    }
}

void Client::send(std::string answer) noexcept {
    output_ = std::move(answer);
    begin_deadline();
    write_more();
}

void Client::write_more() noexcept {
    while (sent_ < output_.size()) {
        const ssize_t sent = ::send(fd_.get(), output_.data() + sent_, output_.size() - sent_,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            sent_ += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN) {
            return io_.watch(fd_.get(), event::Io::kWrite);
        } else if (errno != EINTR) {
            return finish();
        }
    }
    on_written();
}

}  // namespace geventd::master
