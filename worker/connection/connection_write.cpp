// SPDX-License-Identifier: MIT
// Connection: writing. Sends at once what the kernel takes; the loop sends the rest without Python
// and resumes the greenlet when all is sent.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "worker/connection/connection.h"
#include "worker/connection/context.h"

namespace geventd::worker {

namespace {

// The most that one call of sendfile sends, so that it does not hold up the hub.
constexpr std::uint64_t kFilePiece = 1 << 20;

std::size_t total(std::span<const iovec> parts) {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
        bytes += part.iov_len;
    }
    return bytes;
}

}  // namespace

Connection::IoState Connection::write(std::span<const iovec> parts, net::Stream::Then then) {
    if (broken_ || !is_answered()) {
        return IoState::Failed;
    }
    const auto [state, sent] = stream_.send(parts, then);
    if (state == net::Stream::State::Failed) {
        broken_ = true;
        return IoState::Failed;
    }
    writing_.count(sent);
    if (sent == total(parts)) {
        return IoState::Done;
    }
    try {
        unsent_.assign(parts, sent);
    } catch (const std::bad_alloc&) {
        broken_ = true;
        return IoState::Failed;
    }
    const IoState rest = send_unsent();
    if (rest == IoState::Wait) {
        await_writable();
    }
    return rest;
}

Connection::IoState Connection::send_unsent() {
    while (!unsent_.parts().empty()) {
        const auto [state, sent] = stream_.send(unsent_.parts());
        if (state == net::Stream::State::Wait) {
            return IoState::Wait;
        }
        if (state == net::Stream::State::Failed) {
            broken_ = true;
            unsent_.clear();
            return IoState::Failed;
        }
        writing_.count(sent);
        unsent_.advance(sent);
    }
    if (unsent_.file() >= 0) {
        return state_ == State::Sending && can_lend_file() ? IoState::Wait : send_some_of_file();
    }
    unsent_.clear();
    return IoState::Done;
}

// One piece a turn, so that a fast client of a big file holds nobody up.
Connection::IoState Connection::send_some_of_file() {
    off_t& offset = unsent_.offset();
    const off_t before = offset;
    const IoState state = send_file(unsent_.file(), offset);
    if (state == IoState::Wait || (offset != before && request_->answer.room() > 0)) {
        return IoState::Wait;
    }
    unsent_.clear();
    return state;
}

// Used only without chunks: the answer has a Content-Length, or lasts until the close.
Connection::IoState Connection::send_file(int file, off_t& offset) noexcept {
    http::ResponseWriter& answer = request_->answer;
    if (broken_ || (!is_answered() && state_ != State::Sending)) {
        return IoState::Failed;
    }
    if (answer.framing() == http::ResponseWriter::Framing::NoBody) {
        return IoState::Done;
    }
    const auto most = static_cast<std::size_t>(std::min(answer.room(), kFilePiece));
    const net::Stream::FileResult sent = stream_.send_file(file, offset, most);
    switch (sent.state) {
        case net::Stream::State::Done:
            writing_.count(sent.count);
            answer.count(sent.count);
            request_->sent.body = answer.body_bytes();
            tell_if_unreadable(sent.error);
            return IoState::Done;
        case net::Stream::State::Wait:
            return IoState::Wait;
        default:
            broken_ = true;
            return IoState::Failed;
    }
}

void Connection::on_writable() {
    if (state_ != State::Running && state_ != State::Sending) {
        return;
    }
    if (is_sending() && send_unsent() == IoState::Wait) {
        writing_.end(context_.loop.now());
        if (state_ == State::Sending) {
            send_rest();
        } else {
            limit_writing();
        }
        return;
    }
    if (state_ == State::Sending) {
        return conclude();
    }
    abandon_write();
    if (is_upgraded()) {
        request_->upgraded->on_writable();
    }
    if (request_->writer) {
        context_.admission.application().resume(request_->writer);
    }
}

void Connection::await_writable() {
    watch(event::Io::kWrite | wanted_);
    limit_writing();
}

// A pause has its limit, and so has the pace.
TimePoint Connection::limit_writing() {
    const ConnectionLimits& limits = context_.limits;
    const TimePoint now = context_.loop.now();
    const TimePoint due = is_upgraded() ? writing_.begin(now, limits.stream_write_time, 0)
                                        : writing_.begin(now, limits.write_time, limits.write_rate);
    if (due != TimePoint::max()) {
        request_->sent.waiting = static_cast<std::uint32_t>(stream_.queued());
        context_.limits.write.start_at(*this, due);
    }
    return due;
}

// The kernel says that there is room when much of its buffer is free. That can be megabytes, of
// which a slow client takes some all the time.
bool Connection::goes_on_taking() {
    if (!stream_.has_taken_of(request_->sent.waiting)) {
        return false;
    }
    const TimePoint now = context_.loop.now();
    writing_.excuse(now);
    return limit_writing() > now;
}

void Connection::abandon_write() noexcept {
    if (is_sending()) {
        broken_ = true;
        unsent_.clear();
    }
    cancel();
    writing_.end(context_.loop.now());
    if (request_->reader && !request_->body.is_stream()) {
        limit_reading();
    }
    watch(wanted_ & event::Io::kRead);
}

}  // namespace geventd::worker
