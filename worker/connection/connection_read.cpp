// SPDX-License-Identifier: MIT
// Connection: reading. Receives heads and small bodies, and body bytes for greenlets that ask.
#include <algorithm>
#include <utility>

#include "worker/connection/connection.h"
#include "worker/connection/context.h"
#include "worker/process/listening.h"

namespace geventd::worker {

namespace {

// So much of a body, or all of a smaller one, is here before the application starts, so that a
// client that does not send holds no core; the application reads the rest.
constexpr std::size_t kEarlyBody = 64 << 10;

using Received = net::Stream::State;

}  // namespace

void Connection::on_readable() {
    switch (state_) {
        case State::Idle:
        case State::ReadingHead:
            receive_head();
            break;
        case State::ReadingBody:
            receive_early_body();
            break;
        case State::Running:
            if (request_->upgraded && request_->upgraded->has_begun()) {
                if (!request_->upgraded->on_readable()) {
                    stop_reading();
                }
                break;
            }
            if (request_->reader) {
                stop_awaiting_readable();
                context_.admission.application().resume(request_->reader);
                break;
            }
            if (notice_input()) {
                stop_reading();
            }
            break;
        case State::Queued:
        case State::Serving:
        case State::Sending:
        case State::Lent:
            // Nobody asks for these bytes now: leave them in the kernel, and stop epoll's reports.
            stop_reading();
            break;
        case State::Lingering:
            discard();
            break;
        case State::Closed:
            break;
    }
}

void Connection::receive_head() {
    if (state_ == State::Idle && !input_.empty()) {
        return stop_reading();  // what came before is looked at first; then it is watched again
    }
    const std::span<char> scratch = context_.scratch;
    const auto [state, got] = stream_.receive(scratch);
    if (state == Received::Done) {
        hops_ = 0;
        process({scratch.data(), got});
    } else if (state == Received::Ended) {
        close();
    } else if (wanted_ == 0) {
        watch_reads();
        context_.limits.header.start(*this);
    }
}

// Parses requests from the input while there are any and the last one has been answered. `fresh`
// usually holds exactly one request; then only its head is copied.
void Connection::process(std::string_view fresh) {
    processing_ = true;
    do {
        std::string_view bytes = fresh;
        if (!input_.empty()) {
            input_.append(fresh);
            bytes = input_;
        }
        fresh = {};
        const std::size_t used = parse_one(bytes);
        keep_rest(bytes, used);
        if (state_ == State::ReadingBody) {
            if (request_->body.complete() || must_stream()) {
                dispatch();
            } else {
                await_early_body();
            }
        }
    } while (state_ == State::Idle && !input_.empty());
    processing_ = false;
}

// A body that is buffered whole has a time for all of it; a longer one has only its pace, if any.
void Connection::await_early_body() {
    const http::RequestHead& head = request_->head;
    const Duration most = context_.limits.body_time;
    const bool is_small = head.has_content_length && head.content_length <= kEarlyBody;
    const bool bounded = is_small || context_.limits.body_rate == 0;
    wait_end_ = bounded && most != Duration::max() ? context_.loop.now() + most : TimePoint::max();
    tell_to_continue();
    watch_reads();
    limit_reading();
}

// The application starts before the whole body is here, because we buffer no more of it, or because
// it decides whether the client is told to send it.
bool Connection::must_stream() const {
    const bool decides = request_->head.expect_continue && client_.listener.application_continues;
    return decides || request_->body.buffered() >= kEarlyBody;
}

void Connection::keep_rest(std::string_view bytes, std::size_t used) {
    if (state_ == State::Lingering || state_ == State::Closed) {
        return;
    }
    if (!input_.empty()) {
        input_.erase(0, used);
    } else if (used < bytes.size()) {
        input_.assign(bytes.substr(used));
    }
    if (input_.empty() && input_.capacity() > sizeof(std::string)) {
        std::string().swap(input_);
    }
}

// The client has left before its body was whole, and nobody has seen its request.
void Connection::give_up_early() {
    broken_ = true;
    request_->times.started = context_.loop.now();
    context_.accounts.client_left(*request_);
    context_.accounts.answered(*request_, *this);
    request_ = {};
    close();
}

void Connection::receive_early_body() {
    const std::span<char> scratch = context_.scratch;
    const auto [state, got] = stream_.receive(scratch);
    if (state == Received::Ended) {
        return give_up_early();
    }
    if (state != Received::Done) {
        return;
    }
    Body& body = request_->body;
    reading_.count(got);
    reading_.end(context_.loop.now());
    const std::size_t used = body.feed({scratch.data(), got});
    if (body.failed()) {
        refuse(body.rejection());
        return;
    }
    input_.assign(scratch.data() + used, got - used);
    if (body.complete() || must_stream()) {
        processing_ = true;
        dispatch();
        processing_ = false;
        if (state_ == State::Idle && !input_.empty()) {
            process({});
        }
    } else {
        limit_reading();
    }
}

Connection::IoState Connection::read_body(char* into, std::size_t room, std::size_t& got) {
    Body& body = request_->body;
    const std::span<char> scratch = context_.scratch;
    for (;;) {
        got = body.take(into, room);
        if (got > 0) {
            return IoState::Done;
        }
        if (body.failed()) {
            return IoState::Failed;
        }
        if (body.complete()) {
            return IoState::Done;
        }
        const std::uint64_t direct = body.direct();
        const net::Stream::Result received = stream_.receive(
            direct > 0 ? std::span(into, std::min<std::uint64_t>(room, direct)) : scratch);
        if (received.state == Received::Wait) {
            return IoState::Wait;
        }
        if (received.state == Received::Ended && body.is_stream()) {
            body.end_stream();
            return IoState::Done;
        }
        if (received.state == Received::Ended) {
            broken_ = true;
            return IoState::Failed;
        }
        got = received.count;
        reading_.count(got);
        if (direct > 0) {
            body.received(got);
            await_disconnect();
            return IoState::Done;
        }
        try {
            const std::size_t used = body.feed({scratch.data(), got});
            input_.append(scratch.data() + used, got - used);
        } catch (const std::bad_alloc&) {
            broken_ = true;  // bytes of the body are lost
            return IoState::Failed;
        }
        await_disconnect();
    }
}

bool Connection::is_readable() const noexcept {
    const Body& body = request_->body;
    return body.buffered() > 0 || body.failed() || body.complete() ||
           stream_.peek() != Received::Wait;
}

void Connection::await_readable() {
    tell_to_continue();
    watch_reads();
    const bool sends = request_->writer || is_sending();  // its deadline takes precedence
    if (!sends && !request_->body.is_stream()) {
        limit_reading();
    }
}

// Not in the midst of an answer: its head has told the client that the server goes on.
void Connection::tell_to_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!std::exchange(request_->sent.told_to_continue, true) && !request_->answer.completed()) {
        stream_.offer(kContinue);
    }
}

// A pause has its limit, and so have the pace and the time for what is buffered.
void Connection::limit_reading() {
    const ConnectionLimits& limits = context_.limits;
    const TimePoint now = context_.loop.now();
    TimePoint due = reading_.begin(now, limits.body_time, limits.body_rate);
    if (state_ == State::ReadingBody) {
        due = std::min(due, wait_end_);
    }
    if (due != TimePoint::max()) {
        context_.limits.body.start_at(*this, due);
    }
}

void Connection::stop_awaiting_readable() noexcept {
    reading_.end(context_.loop.now());
    if (!request_->writer && !is_sending()) {
        cancel();
    }
}

void Connection::stop_reading() {
    watch(wanted_ & event::Io::kWrite);
}

// With on-disconnect: cancel, EOF counts as a disconnect. False: nothing has come yet, as where a
// transport has received what is for itself only.
bool Connection::notice_input() {
    if (!context_.cancels_on_disconnect || !request_->body.complete()) {
        return true;
    }
    const Received found = stream_.peek();
    if (found == Received::Ended) {
        broken_ = true;
        context_.admission.application().cancel(*request_);
    }
    return found != Received::Wait;
}

// After the body, only EOF or the next request can arrive.
void Connection::await_disconnect() {
    if (context_.cancels_on_disconnect && request_->body.complete() && !disconnected_) {
        watch_reads();
    }
}

void Connection::discard() {
    const std::span<char> scratch = context_.scratch;
    for (int reads = 0; reads < 16; ++reads) {
        const Received state = stream_.receive(scratch).state;
        if (state == Received::Ended) {
            close();
        }
        if (state != Received::Done) {
            return;
        }
    }
}

}  // namespace geventd::worker
