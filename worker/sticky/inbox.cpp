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
#include "worker/process/own_descriptors.h"

namespace geventd::worker {

namespace {

// How many connections are taken before the loop serves others.
constexpr int kBatch = 16;

// How soon to look again whether there is room.
constexpr auto kRest = std::chrono::milliseconds(50);

// How many workers may have connected without having sent their packet, and for how long: only one
// that was stopped in between needs a moment.
constexpr std::size_t kMostLines = 64;
constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kLastPatience = std::chrono::seconds(1);

void tell_of_memory() {
    log::error("out of memory: a connection that another worker delivered is closed");
}

}  // namespace

Inbox::Line::Line(Inbox& home, UniqueFd accepted)
    : inbox(home), fd(std::move(accepted)), io(home.loop_) {
    io.bind<Line, &Line::on_readable>(this);
    io.watch(fd.get(), event::Io::kRead);
    inbox.patience_.start(*this);
}

void Inbox::Line::on_readable(int) noexcept {
    Inbox& home = inbox;
    Delivered delivered = home.take(fd.get());
    if (delivered.state != Delivered::State::Awaited) {
        home.end(*this);
        home.hand_on(std::move(delivered));
    }
}

void Inbox::Line::on_due() noexcept {
    inbox.end(*this);
}

Inbox::Inbox(event::Loop& loop, event::DeadlineClock& clock, const Mark& mark, Owner& owner)
    : loop_(loop),
      owner_(owner),
      socket_(listen_for_deliveries(mark)),
      copy_(copy_of(socket_)),
      inode_(net::socket_inode(socket_.get())),
      io_(loop),
      rest_timer_(clock),
      patience_(clock, kPatience) {
    io_.bind<Inbox, &Inbox::on_readable>(this);
    rest_timer_.bind<&Inbox::on_rested>(this);
    patience_.bind_items<&Line::on_due>();
}

void Inbox::open() {
    if (socket_ && is_lost()) {
        replace_lost();
    }
    if (socket_) {
        io_.watch(socket_.get(), event::Io::kRead);
    }
}

// A socket that is shut down still gives those connections that were made before.
void Inbox::close() noexcept {
    if (!socket_) {
        return;
    }
    if (is_lost()) {
        replace_by_copy(io_, socket_, copy_, inode_);
    }
    io_.forget();
    rest_timer_.cancel();
    if (socket_) {
        ::shutdown(socket_.get(), SHUT_RDWR);
        try {
            accept_some(std::numeric_limits<int>::max());
        } catch (const std::bad_alloc&) {
            log::error("out of memory: connections that other workers delivered are closed");
        }
    }
    rest_timer_.cancel();
    socket_.reset();
    give_up(copy_);
    free_spares();
    patience_.set_delay(kLastPatience);
    for (Line& line : lines_) {
        patience_.start(line);
    }
    if (is_over()) {
        owner_.inbox_over();
    }
}

bool Inbox::is_lost() const {
    return net::socket_inode(socket_.get()) != inode_;
}

void Inbox::replace_lost() {
    log::error("{}", lost_text(socket_.get(), "which takes connections of sticky sessions"));
    const bool watched = io_.active();
    if (replace_by_copy(io_, socket_, copy_, inode_) && watched) {
        io_.watch(socket_.get(), event::Io::kRead);
    }
    owner_.inbox_lost();
    if (is_over()) {
        owner_.inbox_over();
    }
}

void Inbox::on_readable(int) noexcept {
    try {
        if (is_lost()) {
            replace_lost();  // the number may be the application's now
        } else {
            accept_some(kBatch);
        }
    } catch (const std::bad_alloc&) {
        rest();
    }
}

void Inbox::accept_some(int most) {
    while (most-- > 0) {
        if (io_.active() && (!owner_.has_room() || lines_.size() >= kMostLines)) {
            return rest();
        }
        if (!accept_one()) {
            return;
        }
    }
}

// False: no numbers are free.
bool Inbox::keep_spares() noexcept {
    for (UniqueFd& spare : spares_) {
        if (!spare) {
            spare = copy_of(socket_);
        }
        if (!spare) {
            return false;
        }
    }
    return true;
}

void Inbox::free_spares() noexcept {
    for (UniqueFd& spare : spares_) {
        give_up(spare);
    }
}

// The application may have taken the number.
void Inbox::give_up(UniqueFd& copy) const noexcept {
    if (net::socket_inode(copy.get()) == inode_) {
        copy.reset();
    } else {
        static_cast<void>(copy.release());
    }
}

bool Inbox::accept_one() {
    if (!keep_spares()) {
        pause_for(EMFILE);
        return false;
    }
    UniqueFd line = accept_delivery(socket_.get());
    if (!line) {
        if (errno != EAGAIN && errno != EINVAL) {  // EINVAL: it is shut down
            pause_for(errno);
        }
        return false;
    }
    told_ = false;
    Delivered delivered = take(line.get());
    if (delivered.state == Delivered::State::Awaited) {
        lines_.emplace_back(*this, std::move(line));
        return true;
    }
    line.reset();
    hand_on(std::move(delivered));
    return true;
}

Delivered Inbox::take(int line) noexcept {
    free_spares();
    try {
        return receive_delivery(line);
    } catch (const std::bad_alloc&) {
        tell_of_memory();
        return {};
    }
}

// The application may run in this, and close what it does not know: so the line is closed before.
void Inbox::hand_on(Delivered delivered) noexcept {
    if (delivered.state == Delivered::State::Here) {
        try {
            owner_.on_delivered(std::move(delivered.connection), delivered.parcel);
        } catch (const std::bad_alloc&) {
            tell_of_memory();
        }
    }
}

void Inbox::end(Line& line) noexcept {
    line.io.forget();
    lines_.remove_if([&line](const Line& other) { return &other == &line; });
    if (is_over()) {
        owner_.inbox_over();
    }
}

void Inbox::pause_for(int error) {
    if (!std::exchange(told_, true)) {
        log::warning("cannot take a connection that another worker delivers: {}; it is tried again",
                     errno_text(error));
    }
    rest();
}

// Nothing is closed while it rests, so what waits is not lost.
void Inbox::rest() {
    if (io_.active() && is_lost()) {
        return replace_lost();
    }
    io_.stop();
    rest_timer_.start(kRest);
}

void Inbox::on_rested() noexcept {
    try {
        open();
    } catch (const std::bad_alloc&) {
        rest_timer_.start(kRest);
    }
}

}  // namespace geventd::worker
