// SPDX-License-Identifier: MIT
#include "worker/serve/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/logger.h"
#include "net/listening.h"
#include "worker/process/own_descriptors.h"

namespace geventd::worker {

namespace {

// Small batches leave the rest of a burst to the other workers.
constexpr int kBatch = 8;

// How long a listening socket that gives an error instead of connections is left alone.
constexpr auto kRest = std::chrono::milliseconds(200);

bool is_unix(const net::Address& address) {
    return address.family == net::Family::Unix || address.family == net::Family::Abstract;
}

}  // namespace

Acceptor::Acceptor(event::Loop& loop, event::DeadlineClock& clock, Owner& owner,
                   Listening listening)
    : owner_(owner),
      listening_(std::move(listening)),
      copy_(copy_of(listening_.fd)),
      io_(loop),
      rest_timer_(clock) {
    if (is_lost()) {
        throw std::runtime_error(fmt::format(
            "descriptor {}, which listens on {}, was closed or replaced by the application while "
            "it was loaded",
            listening_.fd.get(), net::format_address(listening_.address)));
    }
    io_.bind<Acceptor, &Acceptor::on_readable>(this);
    rest_timer_.bind<&Acceptor::on_rested>(this);
}

void Acceptor::resume() {
    // on_readable() checks for a lost socket: epoll reports anything else as readable.
    if (listening_.fd && !rest_timer_.pending() && introduce()) {
        io_.watch(listening_.fd.get(), event::Io::kRead);
    }
}

// Done once: libev must not know the descriptor's number yet.
bool Acceptor::introduce() {
    if (introduced_) {
        return true;
    }
    const int error = io_.introduce(listening_.fd.get());
    introduced_ = error == 0;
    if (introduced_) {
        told_ = false;
        return true;
    }
    if (!std::exchange(told_, true)) {
        log::warning("cannot watch {} yet: {}; it is tried again and again",
                     net::format_address(listening_.address),
                     error == EINVAL ? "as many workers as the kernel allows (500) watch it already"
                                     : errno_text(error));
    }
    rest();
    return false;
}

// Epoll still knows a descriptor that was lost, so it is replaced before libev stops watching.
void Acceptor::pause() {
    if (io_.active() && is_lost()) {
        replace_lost();
    }
    io_.stop();
}

bool Acceptor::take_one() {
    return listening_.fd && !is_lost() && accept_one(false);
}

void Acceptor::close() {
    if (listening_.fd && is_lost()) {
        take_copy();
    }
    rest_timer_.cancel();
    io_.forget();
    listening_.fd.reset();
    copy_.reset();
}

bool Acceptor::is_lost() const {
    return net::socket_inode(listening_.fd.get()) != listening_.inode;
}

void Acceptor::on_readable(int) noexcept {
    if (is_lost()) {
        return replace_lost();  // the number may now be a listening socket of the application
    }
    for (int accepted = 0; accepted < kBatch && io_.active(); ++accepted) {
        if (owner_.leaves_next(accepted) || !accept_one(accepted == 0)) {
            return;
        }
    }
}

// False when there is nothing more to accept for now.
bool Acceptor::accept_one(bool is_first) {
    auto accepted = net::accept_peer(listening_.fd.get());
    if (accepted) {
        set_deaf(false);
    }
    if (accepted && *accepted) {
        told_ = false;
        owner_.on_accepted(net::Stream(std::move((*accepted)->fd)), Peer::from((*accepted)->peer),
                           listening_);
        return true;
    }
    if (accepted) {
        on_nobody(is_first);
        return false;
    }
    switch (accepted.error().kind) {
        case net::AcceptError::Kind::Transient:
            return true;
        case net::AcceptError::Kind::Exhausted:
            owner_.out_of_descriptors(accepted.error().code);
            break;
        case net::AcceptError::Kind::Broken:
        case net::AcceptError::Kind::Unknown:
            on_failure(accepted.error());
            break;
    }
    return false;
}

// A unix socket that was shut down stays readable for ever, while accept() finds nobody.
void Acceptor::on_nobody(bool is_first) {
    if (is_first && is_unix(listening_.address) && !net::is_listening(listening_.fd.get())) {
        on_failure({});
    } else {
        owner_.accepted_all();
    }
}

void Acceptor::on_failure(const net::AcceptError& error) {
    if (is_lost()) {
        replace_lost();
    } else if (!net::is_listening(listening_.fd.get())) {
        if (!std::exchange(down_, true)) {
            owner_.listener_down();
        }
        rest();
    } else if (error.kind == net::AcceptError::Kind::Unknown) {
        set_deaf(true);
        if (!std::exchange(told_, true)) {
            log::error("cannot accept connections of {}: {}; it is tried again and again",
                       net::format_address(listening_.address), errno_text(error.code));
        }
        rest();
    }
    // Otherwise the socket was shut down a moment ago and listens again.
}

void Acceptor::set_deaf(bool deaf) {
    if (std::exchange(deaf_, deaf) != deaf) {
        owner_.listener_deaf(deaf);
    }
}

void Acceptor::rest() {
    io_.stop();
    rest_timer_.start(kRest);
}

void Acceptor::on_rested() noexcept {
    if (down_ && !is_lost() && !net::is_listening(listening_.fd.get())) {
        if (!is_unix(listening_.address)) {
            owner_.listener_down();  // it may have been revived and shut down again
        }
        return rest();
    }
    down_ = false;
    if (owner_.accepts(listening_)) {
        resume();
    }
}

void Acceptor::replace_lost() {
    const std::string what = "which listens on " + net::format_address(listening_.address);
    log::error("{}", lost_text(listening_.fd.get(), what));
    take_copy();
    owner_.listener_lost();
}

void Acceptor::take_copy() {
    const bool watched = io_.active();
    if (replace_by_copy(io_, listening_.fd, copy_, listening_.inode) && watched) {
        resume();
    }
}

}  // namespace geventd::worker
