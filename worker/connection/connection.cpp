// SPDX-License-Identifier: MIT
#include "worker/connection/connection.h"

#include <utility>

#include "http/whole_response.h"
#include "worker/connection/context.h"
#include "worker/connection/protocols.h"
#include "worker/process/listening.h"

namespace geventd::worker {

namespace {

net::Stream::Interest interest_in(int events) {
    return {.receive = (events & event::Io::kRead) != 0, .send = (events & event::Io::kWrite) != 0};
}

}  // namespace

Connection::Connection(Context& context, Owner& owner, net::Stream stream, const Peer& peer,
                       const Listening& listener)
    : context_(context),
      owner_(owner),
      protocol_(protocol_of(listener.address)),
      stream_(std::move(stream)),
      client_{.listener = listener, .peer = peer, .fd = stream_.fd()},
      io_(context.loop),
      unsent_(context.kept) {
    io_.bind<Connection, &Connection::on_io>(this);
    tls_awaited_ = listener.address.tls;
    proxy_awaited_ = !listener.trusted.empty() && listener.trusted.contains(peer.host());
}

void Connection::on_io(int events) noexcept {
    attempt([this, events] { serve(events); });
}

void Connection::serve(int events) {
    const net::Stream::Interest ready =
        stream_.may_go_on(interest_in(wanted_), interest_in(events));
    if (ready.send) {
        on_writable();
    }
    if (ready.receive && state_ != State::Closed) {
        on_readable();
    }
    if (stream_.has_transport() && state_ != State::Closed) {
        watch(wanted_);  // the transport may need other events for it now
    }
}

// `wanted`: event::Io::Events, or 0. The transport says which events of the socket that takes.
void Connection::watch(int wanted) {
    wanted_ = static_cast<std::uint8_t>(wanted);
    const net::Stream::Interest needed = stream_.to_watch(interest_in(wanted));
    const int events =
        (needed.receive ? event::Io::kRead : 0) | (needed.send ? event::Io::kWrite : 0);
    if (events == 0) {
        io_.stop();
        return;
    }
    io_.watch(stream_.fd(), events);
    if (has_unread() && !std::exchange(reads_on_, true)) {
        owner_.read_on_later(*this);
    }
}

void Connection::read_on() noexcept {
    reads_on_ = false;
    if (has_unread()) {
        on_io(event::Io::kRead);
    }
}

void Connection::dispatch() {
    cancel();
    if (context_.has_static) {
        state_ = State::Serving;
        if (context_.files->answer(*this)) {
            return;
        }
    }
    admit();
}

void Connection::admit() {
    state_ = State::Queued;
    context_.admission.admit(*this);
}

void Connection::pass_on() {
    state_ = State::Queued;  // the file server is done with it
    context_.time_limits.start(*request_);
    admit();
}

// A running request has its core and its greenlet, and ends by itself; others end what they have.
void Connection::on_out_of_memory() noexcept {
    context_.accounts.out_of_memory();
    processing_ = false;
    if (is_answered() || state_ == State::Lent || state_ == State::Closed) {
        return;
    }
    if (state_ == State::Queued) {
        context_.admission.leave(*this);
    }
    request_ = {};
    abort();
}

void Connection::run() {
    state_ = State::Running;
    request_->times.started = context_.loop.now();
    await_disconnect();
    context_.admission.application().start(*request_);
}

// Waits for the next request.
void Connection::become_idle() {
    separate_pieces();
    state_ = State::Idle;
    was_used_ = true;
    if (wanted_ == 0 || stream_.has_bytes()) {
        watch_reads();
    }
    context_.limits.keep_alive.start(*this);
    if (!input_.empty() && !processing_) {
        owner_.revisit_later(*this);
    }
    close_if_unused();
}

// Resets, so that the client cannot mistake a truncated answer for a whole one.
void Connection::abort() {
    stream_.reset();
    release();
}

void Connection::queue_timed_out() {
    refuse({503, "all cores are busy"}, "Retry-After: 1\r\n");
}

void Connection::request_timed_out() {
    if (state_ == State::ReadingBody) {
        refuse({408, "the request body did not arrive in time"});
    } else if (state_ == State::Queued) {
        context_.accounts.timed_out();
        context_.admission.leave(*this);
        refuse({504, "the request found no free core in its time"}, "Retry-After: 1\r\n");
    }
}

// The descriptor stays open as long as the request uses it. A greenlet that waits to write is
// resumed here; one that waits to read is resumed by the loop.
void Connection::reset() noexcept {
    if (!request_->reader) {
        stop_reading();
    }
    abandon_write();
    broken_ = true;
    stream_.reset();
    if (is_upgraded()) {
        request_->upgraded->on_writable();
    }
    if (request_->writer) {
        context_.admission.application().resume(request_->writer);
    }
}

void Connection::refuse(const http::Rejection& rejection, std::string_view extra_headers) {
    http::WholeResponse response = http::WholeResponse::line(rejection.status, rejection.reason);
    const std::string fields = std::string(extra_headers) + std::string(hsts());
    response.extra_fields = fields;
    response.head_only = request_ && request_->head.method == "HEAD";
    const std::string answer = response.bytes(context_.turn.epoch());
    context_.accounts.refused(*this, request_.get(), rejection, http::parts_of_answer(answer));
    // One try: a client whose window is closed before its first answer would not read it anyway.
    stream_.offer(answer);
    request_ = {};
    linger();
}

// Closing with unread bytes in the kernel's buffer sends a reset, which can destroy the answer on
// its way. So end sending, and read until the client closes.
void Connection::linger() {
    stream_.end_sending();
    state_ = State::Lingering;
    input_.clear();
    watch(event::Io::kRead);
    wait_end_ = context_.loop.now() + context_.limits.flush_time;
    context_.limits.linger.start(*this);
}

// What the client has not taken yet would be lost with a reset, which its next bytes could cause.
void Connection::end_linger() noexcept {
    if (stream_.unacknowledged() > 0 && context_.loop.now() < wait_end_) {
        context_.limits.linger.start(*this);
    } else {
        close();
    }
}

void Connection::close_when_unused() noexcept {
    closes_unused_ = true;
    close_if_unused();
}

void Connection::close_if_unused() noexcept {
    const bool between = state_ == State::Idle || state_ == State::ReadingHead;
    if (!closes_unused_ || !between || !input_.empty()) {
        return;  // ReadingHead without input: only a PROXY header has arrived
    }
    if (stream_.peek() == net::Stream::State::Done) {
        if (stream_.has_bytes()) {
            watch_reads();  // a transport has taken them out of the kernel
        }
    } else if (was_used_) {
        close();
    } else {
        context_.limits.linger.start(*this);
    }
}

// The client sees the end at once, even if another process has the descriptor, too.
void Connection::close() noexcept {
    stream_.end_sending();
    release();
}

void Connection::release() noexcept {
    cancel();
    io_.forget();
    wanted_ = 0;
    stream_.close();
    client_.fd = -1;
    state_ = State::Closed;
    owner_.on_closed(*this);
    unsent_.clear();
}

void Connection::watch_reads() {
    watch(event::Io::kRead | (wanted_ & event::Io::kWrite));
}

void Connection::on_deadline() noexcept {
    attempt([this] { time_out(); });
}

void Connection::time_out() {
    switch (state_) {
        case State::ReadingHead:
            // Of a proxy that has said whom it serves, and nothing more, or of a client that has
            // made a handshake ahead, as browsers do.
            if (input_.empty() && (last_answer_ || stream_.has_transport())) {
                close();
            } else {
                refuse({408, "the request head did not arrive in time"});
            }
            break;
        case State::ReadingBody:
            refuse({408, "the request body did not arrive in time"});
            break;
        case State::Running:
            on_running_deadline();
            break;
        case State::Sending:
            if (is_sending() && goes_on_taking()) {
                break;
            }
            broken_ = is_sending();  // else it waits for the kernel's queue to become empty
            conclude();
            break;
        case State::Idle:
            close();
            break;
        case State::Lingering:
            end_linger();
            break;
        case State::Queued:
        case State::Serving:
        case State::Lent:
        case State::Closed:
            break;
    }
}

void Connection::on_running_deadline() noexcept {
    if (request_->writer || is_sending()) {
        if (goes_on_taking()) {
            return;
        }
        broken_ = true;
        abandon_write();
        if (is_upgraded()) {
            request_->upgraded->on_writable();
        }
        if (request_->reader) {
            stream_.reset();  // the loop finds the end, and resumes it
        }
        if (request_->writer) {
            context_.admission.application().resume(request_->writer);
        }
    } else if (request_->reader) {
        request_->body.fail(408, "the request body did not arrive in time");
        stop_awaiting_readable();
        context_.admission.application().resume(request_->reader);
    }
}

}  // namespace geventd::worker
