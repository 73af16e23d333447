// SPDX-License-Identifier: MIT
#include "worker/websocket/raw_socket.h"

#include <new>
#include <utility>

#include "websocket/session.h"
#include "worker/websocket/channels.h"

namespace geventd::worker {

namespace {

// How often a socket is read before others have a turn.
constexpr int kMostReads = 16;

}  // namespace

bool RawSocket::begin() {
    home_.make_room_for_one();
    if (request_.exchange == nullptr || request_.answer.completed()) {
        return false;
    }
    http::ResponseHead& head = request_.answer.head();
    http::ResponseHead other = head;
    head.clear();
    head.start(request_.form.version, "101 Switching Protocols");
    if (exchange().upgrade("") == Exchange::IoState::Failed) {
        head = std::move(other);  // it may still be sent
        return false;
    }
    readable_ = request_.body.buffered() > 0;
    exchange().await_readable();
    return true;
}

bool RawSocket::on_readable() noexcept {
    if ((!application_ || closed_) && !reader) {
        discard();
        return !over_;
    }
    readable_ = true;
    may_have_bytes_ = true;
    show();
    home_.attend_later(*this);
    return static_cast<bool>(reader);  // which takes it now; else receive() asks for more
}

RawSocket::Outcome RawSocket::receive(char* into, std::size_t room, std::size_t& got) {
    got = 0;
    if (over_) {
        return Outcome::Done;
    }
    Exchange::IoState state = Exchange::IoState::Wait;
    if (may_have_bytes_) {
        state = exchange().read_body(into, room, got);
        readable_ = request_.body.buffered() > 0;
        may_have_bytes_ = readable_ || got == room;
        if (ready_.is_there()) {
            look_for_more();
        }
    }
    if (state != Exchange::IoState::Wait && got == 0) {
        be_over();
        return Outcome::Done;
    }
    exchange().await_readable();
    show();
    if (state == Exchange::IoState::Wait) {
        return Outcome::Wait;
    }
    pass_incoming({into, got});
    conclude();
    return Outcome::Done;
}

int RawSocket::ready_fd() noexcept {
    if (!ready_.is_there()) {
        look_for_more();
    }
    return ready_.fd(is_readable());
}

// For those who look at the descriptor before the loop has turned.
void RawSocket::look_for_more() noexcept {
    readable_ = readable_ || (!over_ && may_have_bytes_ && exchange().is_readable());
}

void RawSocket::pass_incoming(std::string_view bytes) noexcept {
    request_.traffic.bytes_in += bytes.size();
    const std::uint64_t before = incoming_.messages();
    incoming_.pass(bytes);
    count_received(incoming_.messages() - before);
}

RawSocket::Outcome RawSocket::send(std::string_view bytes) {
    if (is_closed() || exchange().broken()) {
        return Outcome::Closed;
    }
    if (exchange().is_sending()) {
        return Outcome::Wait;
    }
    const std::uint64_t before = outgoing_.messages();
    outgoing_.pass(bytes);
    count_sent(outgoing_.messages() - before);
    emit(bytes);
    say_goodbye();
    return Outcome::Done;
}

// REQUIRES: the exchange sends nothing. It keeps a pointer to what it has not sent.
void RawSocket::emit(std::string_view bytes) {
    output_ = bytes;
    if (!send_output()) {
        be_over();
    }
    show();
    conclude();
}

void RawSocket::on_writable() noexcept {
    std::string().swap(output_);
    if (exchange().broken()) {
        be_over();
    }
    say_goodbye();
    if (goodbye_ != 0 && !over_ && !exchange().is_sending()) {
        home_.closing().start(*this);  // only now can the client answer
    }
    show();
    conclude();
    home_.attend_later(*this);
}

void RawSocket::on_closing_due() noexcept {
    if (may_go_on_sending()) {
        return home_.closing().start(*this);
    }
    be_over();
}

void RawSocket::on_leaving_due() noexcept {
    leave(home_.leaving_code(), home_.leaving_reason());
}

void RawSocket::leave(std::uint16_t code, std::string_view reason) noexcept {
    goodbye_ = code;
    goodbye_reason_ = reason;
    if (!over_) {
        home_.closing().start(*this);
    }
    say_goodbye();
}

// A frame of the library's that is not whole yet comes first; if it says good-bye itself, that is
// enough.
void RawSocket::say_goodbye() noexcept {
    if (goodbye_ == 0 || over_ || outgoing_.close_passed() || !outgoing_.at_boundary() ||
        exchange().is_sending()) {
        return;
    }
    try {
        std::string frame{'\x88', static_cast<char>(2 + goodbye_reason_.size())};
        frame += static_cast<char>(goodbye_ >> 8);
        frame += static_cast<char>(goodbye_ & 0xff);
        frame += goodbye_reason_;
        outgoing_.pass(frame);
        said_goodbye_ = true;
        emit(frame);
    } catch (const std::bad_alloc&) {
        be_over();
    }
}

void RawSocket::close() noexcept {
    if (!std::exchange(closed_, true) && !over_) {
        end_stream(websocket::kNormal);
    }
}

void RawSocket::application_ended(bool complete) noexcept {
    application_ = false;
    if (!closed_) {
        end_stream(complete ? websocket::kNormal : websocket::kServerError);
    }
    home_.attend_later(*this);
}

// Nobody reads any more, but the client's closing frame is awaited.
void RawSocket::end_stream(std::uint16_t code) noexcept {
    if (!outgoing_.at_boundary()) {
        be_over();  // in the midst of something that nobody will finish
    } else {
        leave(code, "");
    }
    if (!over_ && !reader) {
        exchange().await_readable();
    }
    conclude();
    home_.attend_later(*this);
}

// A client that sends without end has its turns only.
void RawSocket::discard() {
    const std::span<char> scratch = home_.scratch();
    std::size_t got = 0;
    for (int reads = 0; reads < kMostReads && !over_; ++reads) {
        switch (exchange().read_body(scratch.data(), scratch.size(), got)) {
            case Exchange::IoState::Wait:
                return;
            case Exchange::IoState::Failed:
                return be_over();
            case Exchange::IoState::Done:
                break;
        }
        if (got == 0) {
            return be_over();
        }
        pass_incoming({scratch.data(), got});
        conclude();
    }
}

void RawSocket::conclude() noexcept {
    if (!over_ && incoming_.close_passed() && outgoing_.close_passed() &&
        !exchange().is_sending()) {
        be_over();
    }
}

void RawSocket::be_over() noexcept {
    if (std::exchange(over_, true)) {
        return;
    }
    cancel();
    if (application_ && !exchange().broken()) {
        exchange().disconnect();
    }
    show();
    home_.attend_later(*this);
}

void RawSocket::show() noexcept {
    ready_.show(is_readable());
    room_.show(has_room());
    home_.show_traffic(*this);
}

}  // namespace geventd::worker
