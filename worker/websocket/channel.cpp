// SPDX-License-Identifier: MIT
#include "worker/websocket/channel.h"

#include <new>
#include <utility>

#include "log/logger.h"
#include "websocket/accept_key.h"
#include "worker/websocket/channels.h"

namespace geventd::worker {

namespace {

// How many messages that nobody takes are kept, whatever their size.
constexpr std::size_t kMostMessages = 256;

// How often a fast client is read from in one turn of the loop.
constexpr int kMostReads = 4;

}  // namespace

Channel::Channel(Channels& home, Request& request, const websocket::Handshake& handshake)
    : Socket(home, request), handshake_(handshake) {}

// Memory that runs out ends this connection alone.
template <typename Action>
void Channel::guarded(Action action) noexcept {
    try {
        action();
    } catch (const std::bad_alloc&) {
        home_.accounts().out_of_memory();
        be_over();
    }
}

const websocket::Session::End& Channel::end() const {
    static const websocket::Session::End unknown;
    return session_ && session_->end() ? *session_->end() : unknown;
}

bool Channel::accept(std::string_view protocol) {
    const auto deflate =
        home_.compresses() ? websocket::choose_deflate(handshake_.extensions) : std::nullopt;
    session_ = home_.make_session(*this, deflate);
    protocol_ = protocol;
    http::ResponseHead& head = request_.answer.head();
    http::ResponseHead other = head;
    head.clear();
    head.start(request_.form.version, "101 Switching Protocols");
    head.add("Sec-WebSocket-Accept", websocket::accept_key(handshake_.key));
    if (!protocol.empty()) {
        head.add("Sec-WebSocket-Protocol", protocol);
    }
    if (deflate) {
        head.add("Sec-WebSocket-Extensions", deflate->answer());
    }
    home_.make_room_for_one();
    if (exchange().upgrade("websocket") == Exchange::IoState::Failed) {
        head = std::move(other);  // it may still be sent
        return false;
    }
    state_ = State::Open;
    if (!exchange().is_sending()) {
        std::string("101").swap(head.text());  // it has left; what is kept says that there was one
    }
    home_.opened(*this);
    guarded([this] {
        receive();  // what came right behind the handshake
        settle();
        go_on_reading();
    });
    return true;
}

bool Channel::wants_bytes() const {
    return has_begun() && !is_over() && !session_->end() && !session_->has_input() && !is_stocked();
}

bool Channel::is_stocked() const {
    return inbox_.size() >= kMostMessages || inbox_bytes_ > home_.most_message();
}

bool Channel::on_readable() noexcept {
    guarded([this] {
        receive();
        settle();
        go_on_reading();
    });
    is_reading_ = wants_bytes();
    return is_reading_;
}

void Channel::receive() {
    const std::span<char> scratch = home_.scratch();
    for (int reads = 0; reads < kMostReads && wants_bytes(); ++reads) {
        std::size_t got = 0;
        const Exchange::IoState state = exchange().read_body(scratch.data(), scratch.size(), got);
        if (state == Exchange::IoState::Wait) {
            return;
        }
        if (state == Exchange::IoState::Failed || got == 0) {
            return be_over();  // without a closing frame
        }
        hear({scratch.data(), got});
        if (got < scratch.size()) {
            return;  // very likely there is no more now, and the loop tells of what there is
        }
    }
}

void Channel::hear(std::string_view bytes) {
    heard_ = true;
    request_.traffic.bytes_in += bytes.size();
    if (!session_->receive(bytes)) {
        throw std::bad_alloc();
    }
}

void Channel::on_message(bool is_text, std::string message) {
    count_received();
    if (has_received_all()) {
        return;  // nobody is there any more who would take it
    }
    inbox_bytes_ += message.size();
    inbox_.push_back({is_text, std::move(message)});
    has_turn_ = true;
    show_ready();
    home_.attend_later(*this);
}

// Sends what there is to send, and draws the conclusion when the session has ended.
void Channel::settle() {
    if (is_over()) {
        return;
    }
    if (session_->end() && state_ == State::Open) {
        state_ = State::Closing;
        home_.closing().start(*this);
    }
    flush();
    if (session_->end()) {
        show_ready();
        home_.attend_later(*this);
        if (!is_over() && !exchange().is_sending()) {
            be_over();
        }
    }
}

void Channel::flush() {
    while (!is_over() && !exchange().is_sending() && session_->has_output()) {
        output_ = session_->take_output();
        if (!send_output()) {
            be_over();
        }
    }
    home_.show_traffic(*this);
}

void Channel::on_writable() noexcept {
    if (is_over()) {
        return;
    }
    std::string().swap(output_);
    if (exchange().broken()) {
        return be_over();
    }
    guarded([this] {
        settle();
        go_on_reading();
    });
    if (state_ == State::Closing && !exchange().is_sending()) {
        home_.closing().start(*this);  // only now can the client answer
    }
    home_.attend_later(*this);
}

// After a pause: because of messages that nobody took, or answers that the client did not take.
void Channel::go_on_reading() {
    while (!is_over() && session_->has_input() && !is_full() && !exchange().is_sending()) {
        if (!session_->go_on()) {
            throw std::bad_alloc();
        }
        settle();
    }
    if (wants_bytes() && !std::exchange(is_reading_, true)) {
        exchange().await_readable();
    }
}

// What comes behind a message may end the connection, so the greenlet answers it before that. One
// that is elsewhere has had its chance when attend() has passed.
void Channel::go_on_after_turn() noexcept {
    has_turn_ = false;
    if (!is_reading_ && has_begun() && !is_over()) {
        guarded([this] { go_on_reading(); });
    }
}

void Channel::look_for_message() noexcept {
    if (!has_message()) {
        go_on_after_turn();
    }
}

Channel::Message Channel::take() {
    Message message = std::move(inbox_.front());
    inbox_.pop_front();
    inbox_bytes_ -= message.data.size();
    was_taken_ = true;
    show_ready();
    if (!is_reading_) {
        guarded([this] { go_on_reading(); });
    }
    return message;
}

Channel::Outcome Channel::send(bool is_text, std::string_view message) {
    if (state_ != State::Open || exchange().broken()) {
        return Outcome::Closed;
    }
    if (exchange().is_sending()) {
        return Outcome::Wait;
    }
    if (!session_->send(is_text, message)) {
        throw std::bad_alloc();
    }
    count_sent();
    guarded([this] { flush(); });
    return Outcome::Done;
}

Channel::Outcome Channel::ping(std::string_view payload) {
    if (state_ != State::Open) {
        return Outcome::Closed;
    }
    if (exchange().is_sending()) {
        return Outcome::Wait;
    }
    if (!session_->ping(payload)) {
        throw std::bad_alloc();
    }
    guarded([this] { flush(); });
    return Outcome::Done;
}

void Channel::close(std::uint16_t code, std::string_view reason) noexcept {
    if (state_ != State::Open && !is_leaving_) {
        return;
    }
    inbox_.clear();
    inbox_bytes_ = 0;
    has_turn_ = false;
    if (!std::exchange(is_leaving_, false)) {
        return say_goodbye(code, reason);
    }
    show_ready();  // the worker has said it before
    go_on_closing();
}

// What the client sends before it hears of this is received like anything before.
void Channel::on_leaving_due() noexcept {
    if (state_ == State::Open) {
        is_leaving_ = true;
        say_goodbye(home_.leaving_code(), home_.leaving_reason());
    }
}

void Channel::say_goodbye(std::uint16_t code, std::string_view reason) noexcept {
    state_ = State::Closing;
    home_.closing().start(*this);
    show_ready();
    session_->close(code, reason);
    go_on_closing();
}

void Channel::go_on_closing() noexcept {
    guarded([this] {
        settle();
        go_on_reading();  // for the client's closing frame
    });
    home_.attend_later(*this);
}

// The client is told by the end of the connection; its greenlet may go on for a while.
void Channel::be_over() {
    if (std::exchange(state_, State::Over) == State::Over) {
        return;
    }
    cancel();
    show_ready();
    if (application_ && !exchange().broken()) {
        exchange().disconnect();
    }
    home_.attend_later(*this);
}

void Channel::application_ended(bool complete) noexcept {
    if (!has_begun()) {
        home_.not_opened();
        return exchange().finish(complete);
    }
    application_ = false;
    close(complete ? websocket::kNormal : websocket::kServerError, "");
    home_.attend_later(*this);
}

// A client that sends faster than its messages are taken is not read from: it may have answered. A
// ping to one that has closed its socket is answered by a reset, and what it sent before is lost:
// so none is sent while its messages are still taken.
void Channel::on_ping_due() noexcept {
    const bool takes = std::exchange(was_taken_, false);
    if (is_stocked() && exchange().client_has_left()) {
        return takes ? home_.await_ping(*this) : end_deserted();
    }
    heard_ = false;
    guarded([this] { send_ping(); });
    if (is_over()) {
        return;
    }
    if (wants_bytes() && !exchange().is_sending() && home_.expects_pongs()) {
        home_.await_pong(*this);
    } else {
        home_.await_ping(*this);
    }
}

void Channel::end_deserted() {
    log::info(
        "{} {}: the client has left, and nobody takes the {} messages that it has sent: its "
        "WebSocket is ended",
        request_.head.method, request_.head.path, inbox_.size());
    be_over();
}

void Channel::send_ping() {
    if (!exchange().is_sending()) {
        if (!session_->ping("")) {
            throw std::bad_alloc();
        }
        flush();
    }
}

void Channel::on_pong_due() noexcept {
    if (heard_ || !wants_bytes()) {
        return home_.await_ping(*this);
    }
    log::info(
        "{} {}: the client has not answered a ping within limits.websocket-pong: its "
        "WebSocket is ended",
        request_.head.method, request_.head.path);
    be_over();
}

void Channel::on_closing_due() noexcept {
    if (may_go_on_sending()) {
        return home_.closing().start(*this);
    }
    be_over();
}

}  // namespace geventd::worker
