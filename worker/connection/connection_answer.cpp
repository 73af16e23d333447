// SPDX-License-Identifier: MIT
// Connection: makes the bytes of an answer, which connection_write.cpp sends.
#include <algorithm>
#include <array>
#include <utility>

#include "http/whole_response.h"
#include "log/logger.h"
#include "worker/connection/connection.h"
#include "worker/connection/context.h"

namespace geventd::worker {

namespace {

using Framing = http::ResponseWriter::Framing;

// Pieces that follow one another faster than this may share a packet.
constexpr auto kQuickPiece = std::chrono::microseconds(200);

// The most that one call of sendfile sends, so that it does not hold up the hub.
constexpr std::uint64_t kFilePiece = 1 << 20;

std::string_view bytes_of(const iovec& part) {
    return {static_cast<const char*>(part.iov_base), part.iov_len};
}

}  // namespace

// Breaks the answer off when memory runs out.
template <typename Action>
Connection::IoState Connection::guarded(Action action) noexcept {
    try {
        return action();
    } catch (const std::bad_alloc&) {
        broken_ = true;
        context_.accounts.out_of_memory();
        return IoState::Failed;
    }
}

void Connection::complete_head(std::optional<std::uint64_t> length) {
    Request& request = *request_;
    request.form.keep_alive = request.answer.complete(
        {.dialect = request.form.dialect,
         .head_request = request.head.method == "HEAD",
         .keep_alive = request.form.keep_alive && !last_answer_ && request.body.complete(),
         .epoch = context_.turn.epoch()},
        length);
    note_head();
}

void Connection::note_head() {
    Request& request = *request_;
    const http::ResponseHead& head = request.answer.head();
    request.sent.status = head.status();
    request.sent.headers = head.count();
    request.sent.head = head.text().size();
    request.times.first_byte = context_.loop.now();
}

void Connection::tell_of_excess() {
    if (!std::exchange(request_->sent.told_of_excess, true)) {
        log::warning("{} {}: the body is longer than its Content-Length; the rest is dropped",
                     request_->head.method, request_->head.path);
    }
}

std::size_t Connection::add_piece(std::string_view bytes, std::span<iovec> parts) {
    Request& request = *request_;
    if (bytes.size() > request.answer.room()) {
        tell_of_excess();
    }
    const std::size_t count = request.answer.add_piece(bytes, parts);
    request.sent.body = request.answer.body_bytes();
    return count;
}

Connection::IoState Connection::send_whole(std::span<iovec> parts) noexcept {
    return guarded([&] {
        std::uint64_t length = 0;
        for (const iovec& part : parts.subspan(1)) {
            length += part.iov_len;
        }
        complete_head(length);
        parts[0] = request_->answer.head_part();
        std::size_t count = 1;
        for (const iovec& part : parts.subspan(1)) {  // one part each: no chunks with a length
            count += add_piece(bytes_of(part), parts.subspan(count));
        }
        return write(parts.first(count));
    });
}

Connection::IoState Connection::send_head(std::uint64_t length) noexcept {
    return guarded([&] {
        complete_head(length);
        const iovec head = request_->answer.head_part();
        return write({&head, 1});
    });
}

Connection::IoState Connection::send_piece(std::string_view bytes) noexcept {
    return guarded([&] {
        follow_piece();
        std::array<iovec, 1 + http::ResponseWriter::kMostParts> parts{};
        std::size_t count = 0;
        if (!request_->answer.completed()) {
            complete_head(std::nullopt);
            parts[count++] = request_->answer.head_part();
        }
        count += add_piece(bytes, std::span(parts).subspan(count));
        return count == 0 ? IoState::Done : write(std::span(parts).first(count));
    });
}

// Pieces in quick succession share packets until the application waits or the answer ends: a packet
// for each piece costs four times as much as copying the piece.
void Connection::follow_piece() noexcept {
    const TimePoint now = Clock::now();
    const bool quick = now - std::exchange(request_->times.last_piece, now) < kQuickPiece;
    if (!quick) {
        separate_pieces();
    } else if (!joins_pieces_ && client_.peer.kind != Peer::Kind::Unix) {
        joins_pieces_ = true;
        stream_.join_packets(true);
        owner_.separate_pieces_later(*this);
    }
}

void Connection::separate_pieces() noexcept {
    if (std::exchange(joins_pieces_, false)) {
        stream_.join_packets(false);
    }
}

// Used only without chunks: the answer has a Content-Length, or lasts until the close.
Connection::IoState Connection::send_file(int file, off_t& offset) noexcept {
    http::ResponseWriter& answer = request_->answer;
    if (broken_ || state_ != State::Running) {
        return IoState::Failed;
    }
    if (answer.framing() == Framing::NoBody) {
        return IoState::Done;
    }
    const auto most = static_cast<std::size_t>(std::min(answer.room(), kFilePiece));
    const net::Stream::Result sent = stream_.send_file(file, offset, most);
    switch (sent.state) {
        case net::Stream::State::Done:
            answer.count(sent.count);
            request_->sent.body = answer.body_bytes();
            return IoState::Done;
        case net::Stream::State::Wait:
            return IoState::Wait;
        default:
            broken_ = true;
            return IoState::Failed;
    }
}

// If nothing was sent so far, the body is empty; for a HEAD request its length is unknown.
Connection::IoState Connection::end_answer() noexcept {
    return guarded([&] {
        http::ResponseWriter& answer = request_->answer;
        iovec part = answer.last_part();
        if (!answer.completed()) {
            complete_head(request_->head.method == "HEAD" ? std::nullopt
                                                          : std::optional<std::uint64_t>(0));
            part = answer.head_part();
        }
        return part.iov_len == 0 ? IoState::Done : write({&part, 1});
    });
}

Connection::IoState Connection::send_error(int status, std::string_view reason) noexcept {
    return guarded([&] {
        Request& request = *request_;
        request.form.keep_alive =
            request.form.keep_alive && request.body.complete() && !last_answer_;
        http::WholeResponse whole = http::WholeResponse::line(status, reason);
        whole.keep_alive = request.form.keep_alive;
        whole.head_only = request.head.method == "HEAD";
        request.answer.replace(status, whole.bytes(context_.turn.epoch()));
        request.sent.status = status;
        request.sent.head = request.answer.head().text().size();
        const iovec all = request.answer.head_part();
        return write({&all, 1});
    });
}

// Bytes received after the request's head belong to the other protocol already.
Connection::IoState Connection::upgrade(std::string_view protocol) noexcept {
    Request& request = *request_;
    const bool is_read = request.body.complete() && request.body.buffered() == 0;
    if (request.form.dialect != http::ResponseWriter::Dialect::Http11 || !is_read ||
        request.answer.completed()) {
        return IoState::Failed;
    }
    return guarded([&] {
        request.body.start_stream(input_);
        input_.clear();
        request.form.keep_alive = false;
        request.answer.upgrade(protocol);
        note_head();
        const iovec head = request.answer.head_part();
        return write({&head, 1});
    });
}

void Connection::disconnect() noexcept {
    request_->answer.cut_off();
    disconnected_ = true;
    stream_.end_sending();
    if (!request_->reader) {
        stop_reading();
    }
}

// What other greenlets of the request have not sent yet is dropped.
void Connection::finish(bool complete) noexcept {
    abandon_write();
    cancel();
    const RequestRef request = std::move(request_);
    request->exchange = nullptr;
    context_.admission.ended(*request, *this);
    const http::ResponseWriter& answer = request->answer;
    const bool all_read = request->body.complete();
    if (disconnected_ && !broken_) {
        linger();
    } else if (broken_ || !complete || answer.missing() > 0) {
        abort();
    } else if (request->form.keep_alive && all_read && answer.framing() != Framing::UntilClose) {
        become_idle();
    } else if (all_read && !request->head.keep_alive) {
        close();
    } else {
        linger();
    }
}

}  // namespace geventd::worker
