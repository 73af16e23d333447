// SPDX-License-Identifier: MIT
// Connection: makes the bytes of an answer, which connection_write.cpp sends.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/errno_error.h"
#include "http/whole_response.h"
#include "log/logger.h"
#include "worker/connection/connection.h"
#include "worker/connection/context.h"

namespace geventd::worker {

namespace {

using Framing = http::ResponseWriter::Framing;

// Pieces that follow one another faster than this may share a packet.
constexpr auto kQuickPiece = std::chrono::microseconds(200);

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
    if (!hsts().empty() && !request.answer.head().has("strict-transport-security")) {
        request.answer.head().add_lines(hsts());
    }
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

// Whether the body is shorter than its Content-Length, which is told once: an answer that is not
// whole is not asked again.
bool Connection::tell_if_short() const {
    const std::uint64_t missing = request_->answer.missing();
    if (missing > 0) {
        log::error(
            "{} {}: the body is {} bytes shorter than its Content-Length; the connection is closed "
            "after it",
            request_->head.method, request_->path_info, missing);
    }
    return missing > 0;
}

// A file that cannot be read ends there, so its answer is short.
void Connection::tell_if_unreadable(int error) const {
    if (error != 0) {
        log::error("{} {}: the file cannot be read: {}", request_->head.method, request_->path_info,
                   errno_text(error));
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

Connection::IoState Connection::send_interim(std::string_view bytes) noexcept {
    return guarded([&] {
        // The bytes are only read: iovec has no const variant.
        const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
        return write({&part, 1});
    });
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
        const bool follows = request_->answer.framing() == Framing::Length && length > 0;
        return write({&head, 1}, follows ? net::Stream::Then::More : net::Stream::Then::Nothing);
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

// If nothing was sent so far, the body is empty.
Connection::IoState Connection::end_answer() noexcept {
    return guarded([&] {
        http::ResponseWriter& answer = request_->answer;
        iovec part = answer.last_part();
        if (!answer.completed()) {
            complete_head(0);
            part = answer.head_part();
        }
        if (is_sending() && part.iov_len > 0) {
            unsent_.append(part);  // behind a piece that is kept
            return IoState::Done;
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
        const std::string fields = std::string(whole.extra_fields) + std::string(hsts());
        whole.extra_fields = fields;
        whole.head_only = request.head.method == "HEAD";
        request.answer.replace(status, whole.bytes(context_.turn.epoch()));
        const iovec all = request.answer.head_part();
        const http::AnswerParts parts = http::parts_of_answer(bytes_of(all));
        request.sent.status = status;
        request.sent.headers = parts.fields;
        request.sent.head = parts.head;
        request.sent.body = parts.body;
        request.times.first_byte = context_.loop.now();
        return write({&all, 1});
    });
}

// Bytes received after the request's head belong to the other protocol already.
Connection::IoState Connection::upgrade(std::string_view protocol) noexcept {
    Request& request = *request_;
    if (request.form.dialect == http::ResponseWriter::Dialect::Http10 ||
        request.form.version != "HTTP/1.1" || request.has_unread_body() ||
        request.answer.completed()) {
        return IoState::Failed;
    }
    return guarded([&] {
        request.body.start_stream(input_);
        input_.clear();
        request.form.keep_alive = false;
        if (protocol.empty()) {
            request.answer.cut_off();
            request.sent.status = request.answer.head().status();
            if (context_.limits.stream_silence != Duration::zero()) {
                stream_.probe_silent_client(context_.limits.stream_silence,
                                            context_.limits.stream_patience);
            }
            return IoState::Done;
        }
        request.answer.upgrade(protocol);
        note_head();
        const iovec head = request.answer.head_part();
        return write({&head, 1});
    });
}

Connection::IoState Connection::send_bytes(std::string_view bytes) noexcept {
    return guarded([&] {
        request_->answer.count(bytes.size());
        request_->sent.body = request_->answer.body_bytes();
        // The bytes are only read: iovec has no const variant.
        const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
        return write({&part, 1});
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

// What other greenlets of the request have not sent yet is dropped: they wait, and own the memory.
// How long a file is that the loop sends is not known yet.
void Connection::finish(bool complete) noexcept {
    if (complete && has_named_file()) {
        return answer_named_file();
    }
    is_whole_ = complete && (unsent_.file() >= 0 || !tell_if_short());
    wait_end_ = {};
    if (!unsent_.is_kept()) {
        abandon_write();
    }
    request_->exchange = nullptr;
    if (state_ == State::Running) {
        context_.admission.ended(*request_);
    }
    if (is_sending() && !broken_) {
        cancel();
        state_ = State::Sending;
        send_rest();
    } else {
        conclude();
    }
}

bool Connection::has_named_file() const {
    return state_ == State::Running && !request_->named_file.empty() &&
           !request_->answer.completed() && !broken_ && !disconnected_;
}

// The application is done, so its core is free while a thread looks for the file.
void Connection::answer_named_file() noexcept {
    cancel();
    state_ = State::Serving;
    request_->exchange = nullptr;
    context_.admission.ended(*request_);
    context_.files->answer_named(*this);
}

// The answer is out, as much as there is of it. A client must not take a part for the whole: where
// the body ends with the connection, only a reset tells it so. Elsewhere the last chunk or some of
// Content-Length is missing, or there is no body.
void Connection::conclude() noexcept {
    cancel();
    if ((wanted_ & event::Io::kWrite) != 0) {
        watch(wanted_ & event::Io::kRead);
    }
    const http::ResponseWriter& answer = request_->answer;
    const Framing framing = answer.framing();
    const bool cut = !is_whole_ || (!broken_ && tell_if_short());
    if (cut && !broken_ && !disconnected_ && framing == Framing::UntilClose &&
        await_acknowledged()) {
        return;
    }
    const RequestRef request = std::move(request_);
    if (broken_ && state_ != State::Running) {
        context_.accounts.client_left(*request);
    }
    context_.accounts.answered(*request, *this);
    const bool all_read = request->body.complete();
    const bool shows_the_cut =
        framing == Framing::Chunked || framing == Framing::Length || framing == Framing::NoBody;
    if (disconnected_ && !broken_) {
        linger();
    } else if (broken_ || (cut && !shows_the_cut)) {
        abort();
    } else if (cut) {
        linger();
    } else if (request->form.keep_alive && all_read && framing != Framing::UntilClose) {
        become_idle();
    } else if (all_read && !request->head.keep_alive && !is_followed_by_bytes(*request)) {
        close();
    } else {
        linger();
    }
}

// Such as the line end that some clients send behind a body: closing would reset the connection.
// What comes behind a body that was received straight into the reader's memory is still unread.
bool Connection::is_followed_by_bytes(const Request& request) const noexcept {
    return !input_.empty() ||
           (request.body.started() && stream_.peek() == net::Stream::State::Done);
}

// A reset drops what the kernel has not sent yet. False: there is nothing, or the time is over.
bool Connection::await_acknowledged() noexcept {
    const TimePoint now = context_.loop.now();
    if (wait_end_ == TimePoint()) {
        wait_end_ = now + context_.limits.flush_time;
    }
    if (now >= wait_end_ || stream_.unacknowledged() == 0) {
        return false;
    }
    state_ = State::Sending;
    watch(0);
    context_.limits.flush.start(*this);
    return true;
}

}  // namespace geventd::worker
