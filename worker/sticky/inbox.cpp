// SPDX-License-Identifier: MIT
#include "worker/sticky/inbox.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <limits>
#include <new>
#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"
#include "net/listening.h"

namespace geventd::worker {

namespace {

// How many connections are taken before the loop serves others.
constexpr int kBatch = 16;

// How soon to look again whether there is room.
constexpr auto kRest = std::chrono::milliseconds(50);

}  // namespace

Inbox::Line::Line(Inbox& home, UniqueFd accepted)
    : inbox(home), fd(std::move(accepted)), io(home.loop_) {
    io.bind<Line, &Line::on_readable>(this);
    io.watch(fd.get(), event::Io::kRead);
}

void Inbox::Line::on_readable(int) noexcept {
    try {
        if (!inbox.receive(fd.get())) {
            return;
        }
    } catch (const std::bad_alloc&) {
        log::error("out of memory: a connection that another worker delivered is closed");
    }
    io.forget();
    inbox.lines_.remove_if([this](const Line& line) { return &line == this; });
}

Inbox::Inbox(event::Loop& loop, event::DeadlineClock& clock, const Mark& mark, Owner& owner)
    : loop_(loop),
      owner_(owner),
      socket_(listen_for_deliveries(mark)),
      inode_(net::socket_inode(socket_.get())),
      io_(loop),
      rest_timer_(clock) {
    io_.bind<Inbox, &Inbox::on_readable>(this);
    rest_timer_.bind<&Inbox::on_rested>(this);
}

void Inbox::open() {
    if (socket_) {
        io_.watch(socket_.get(), event::Io::kRead);
    }
}

// A socket that is shut down still gives those connections that were made before.
void Inbox::close() noexcept {
    if (!socket_) {
        return;
    }
    io_.forget();
    ::shutdown(socket_.get(), SHUT_RDWR);
    try {
        accept_some(std::numeric_limits<int>::max());
    } catch (const std::bad_alloc&) {
        log::error("out of memory: connections that other workers delivered are closed");
    }
    rest_timer_.cancel();
    socket_.reset();
}

void Inbox::on_readable(int) noexcept {
    if (net::socket_inode(socket_.get()) != inode_) {
        // The number belongs to the application now.
        static_cast<void>(socket_.release());
        io_.stop();
        owner_.inbox_lost();
        return;
    }
    try {
        accept_some(kBatch);
    } catch (const std::bad_alloc&) {
        rest();
    }
}

void Inbox::accept_some(int most) {
    while (most-- > 0 && socket_) {
        if (io_.active() && !owner_.has_room()) {
            return rest();
        }
        if (!accept_one()) {
            return;
        }
    }
}

bool Inbox::accept_one() {
    UniqueFd line = accept_delivery(socket_.get());
    if (!line) {
        if (errno != EAGAIN && errno != EINVAL) {  // EINVAL: it is shut down
            if (!std::exchange(told_, true)) {
                log::warning("cannot take a connection that another worker delivers: {}",
                             errno_text(errno));
            }
            rest();
        }
        return false;
    }
    told_ = false;
    if (!receive(line.get())) {
        lines_.emplace_back(*this, std::move(line));
    }
    return true;
}

// False: its packet is still to come.
bool Inbox::receive(int line) {
    Delivered delivered = receive_delivery(line);
    if (delivered.state == Delivered::State::Here) {
        owner_.on_delivered(std::move(delivered.connection), delivered.parcel);
    }
    return delivered.state != Delivered::State::Awaited;
}

void Inbox::rest() {
    io_.stop();
    rest_timer_.start(kRest);
}

void Inbox::on_rested() noexcept {
    open();
}

}  // namespace geventd::worker
