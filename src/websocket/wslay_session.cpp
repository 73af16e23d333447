// SPDX-License-Identifier: MIT
#include "websocket/wslay_session.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "websocket/utf8.h"

namespace geventd::websocket {

namespace {

// Shorter messages gain nothing by compression; longer ones would hold up the hub.
constexpr std::size_t kLeastCompressed = 128;
constexpr std::size_t kMostCompressed = 1 << 20;

// Answers that may wait to be sent, before no more is received: a client can send pings faster than
// it takes pongs.
constexpr std::size_t kMostAnswers = 64;

const std::uint8_t* octets(std::string_view bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

bool is_control(std::uint8_t opcode) {
    return (opcode & 8U) != 0;
}

}  // namespace

// No exception crosses wslay's frames: memory that runs out ends the session.
struct WslaySession::Calls {
    static WslaySession& session(void* user) { return *static_cast<WslaySession*>(user); }

    template <typename Action>
    static void guarded(wslay_event_context_ptr context, void* user, Action action) noexcept {
        try {
            action(session(user));
        } catch (const std::bad_alloc&) {
            session(user).out_of_memory_ = true;
            wslay_event_shutdown_read(context);
        }
    }

    // At most a frame: whoever has got a message from it may want no more.
    static ssize_t receive(wslay_event_context_ptr context, std::uint8_t* into, std::size_t room,
                           int, void* user) noexcept {
        WslaySession& self = session(user);
        if (self.input_.empty() || self.is_paused()) {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        if (self.frames_.at_boundary() && is_part_of_close(self.input_)) {
            guarded(context, user, [](WslaySession& waiting) { waiting.await_whole_close(); });
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        const std::size_t count = self.frames_.pass_to_boundary(self.input_.substr(0, room));
        if (self.frames_.is_broken()) {  // wslay would close without a code
            guarded(context, user, [](WslaySession& broken) {
                broken.fail(WSLAY_CODE_PROTOCOL_ERROR, "no frame has such a header");
            });
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        std::memcpy(into, self.input_.data(), count);
        self.input_.remove_prefix(count);
        return static_cast<ssize_t>(count);
    }

    static ssize_t send(wslay_event_context_ptr context, const std::uint8_t* bytes,
                        std::size_t size, int, void* user) noexcept {
        try {
            session(user).output_.append(text_of(bytes, size));
            return static_cast<ssize_t>(size);
        } catch (const std::bad_alloc&) {
            session(user).out_of_memory_ = true;
            wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
            return -1;
        }
    }

    static void frame_start(wslay_event_context_ptr context,
                            const wslay_event_on_frame_recv_start_arg* frame, void* user) noexcept {
        guarded(context, user, [frame](WslaySession& self) { self.begin_frame(*frame); });
    }

    static void frame_chunk(wslay_event_context_ptr context,
                            const wslay_event_on_frame_recv_chunk_arg* chunk, void* user) noexcept {
        guarded(context, user, [chunk](WslaySession& self) {
            self.add_piece(text_of(chunk->data, chunk->data_length));
        });
    }

    static void frame_end(wslay_event_context_ptr context, void* user) noexcept {
        guarded(context, user, [](WslaySession& self) { self.end_frame(); });
    }

    static void message(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg* message,
                        void* user) noexcept {
        guarded(context, user, [message](WslaySession& self) { self.end_message(*message); });
    }
};

WslaySession::WslaySession(User& user, const Terms& terms, Deflater& deflater)
    : user_(user), terms_(terms), deflater_(deflater) {
    static constexpr wslay_event_callbacks kCalls{
        &Calls::receive,     &Calls::send,      nullptr,         &Calls::frame_start,
        &Calls::frame_chunk, &Calls::frame_end, &Calls::message,
    };
    wslay_event_context_ptr context = nullptr;
    if (wslay_event_context_server_init(&context, &kCalls, this) != 0) {
        throw std::bad_alloc();
    }
    context_.reset(context);
    wslay_event_config_set_no_buffering(context, 1);
    wslay_event_config_set_max_recv_msg_length(
        context, std::max<std::uint64_t>(terms_.most_message, kMostPing));
    if (terms_.deflate) {
        wslay_event_config_set_allowed_rsv_bits(context, WSLAY_RSV1_BIT);
    }
}

bool WslaySession::is_paused() const {
    return user_.is_full() || wslay_event_get_queued_msg_count(context_.get()) > kMostAnswers;
}

bool WslaySession::receive(std::string_view bytes) noexcept {
    if (end_) {
        keep({});
        return true;
    }
    std::string close;
    try {
        if (!part_of_close_.empty() && !bytes.empty()) {
            part_of_close_.append(bytes);
            close = std::exchange(part_of_close_, {});
            bytes = close;
        }
        if (has_input()) {
            if (!bytes.empty()) {
                kept_.erase(0, std::exchange(used_, 0));
                kept_.append(bytes);
            }
            bytes = std::string_view(kept_).substr(used_);
        }
        input_ = bytes;
        const int result = wslay_event_recv(context_.get());
        if (out_of_memory_ || result == WSLAY_ERR_NOMEM) {
            return false;
        }
        if (!end_ && wslay_event_get_read_enabled(context_.get()) == 0) {
            end_ = End{WSLAY_CODE_PROTOCOL_ERROR, "", false};  // the code is known when it is sent
        }
        keep(end_ ? std::string_view() : input_);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

// The end of what was there to take. Messages are taken one by one: the rest stays where it is.
void WslaySession::keep(std::string_view rest) {
    if (rest.empty()) {
        std::string().swap(kept_);
        used_ = 0;
    } else if (kept_.empty()) {
        kept_ = rest;
    } else {
        used_ = kept_.size() - rest.size();
    }
}

// wslay looks whether the reason is UTF-8 as if a closing frame always came in one piece.
void WslaySession::await_whole_close() {
    part_of_close_ = input_;
    input_ = {};
}

void WslaySession::fail(std::uint16_t code, std::string_view reason) {
    end_ = End{code, std::string(reason), false};
    wslay_event_queue_close(context_.get(), code, octets(reason), reason.size());
    wslay_event_shutdown_read(context_.get());
    std::string().swap(message_);
    inflater_.reset();
}

void WslaySession::begin_frame(const wslay_event_on_frame_recv_start_arg& frame) {
    in_data_frame_ = !is_control(frame.opcode);
    in_closing_frame_ = frame.opcode == WSLAY_CONNECTION_CLOSE;
    if (frame.opcode == WSLAY_CONNECTION_CLOSE && frame.payload_length == 1) {
        fail(WSLAY_CODE_PROTOCOL_ERROR, "half a closing code");
    }
    if (!in_data_frame_) {
        return;
    }
    if (wslay_get_rsv1(frame.rsv) != 0) {
        inflater_ = std::make_unique<Inflater>();
    }
    const std::uint64_t room =
        terms_.most_message - std::min<std::uint64_t>(terms_.most_message, message_.size());
    if (!inflater_ && frame.payload_length > room) {
        fail(WSLAY_CODE_MESSAGE_TOO_BIG, "the message is too long");
    }
}

void WslaySession::add_piece(std::string_view piece) {
    if (in_closing_frame_) {
        closing_.append(piece);
    }
    if (end_ || !in_data_frame_) {
        return;
    }
    if (inflater_) {
        apply(inflater_->expand(piece, message_, terms_.most_message));
    } else {
        message_.append(piece);
    }
}

void WslaySession::apply(Inflater::Outcome outcome) {
    if (outcome == Inflater::Outcome::TooLong) {
        fail(WSLAY_CODE_MESSAGE_TOO_BIG, "the message is too long");
    } else if (outcome == Inflater::Outcome::Broken) {
        fail(WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "the message cannot be expanded");
    }
}

// Codes that wslay does not know and would refuse: its own answer comes second, and is dropped.
void WslaySession::end_frame() {
    if (end_ || !in_closing_frame_ || closing_.size() < 2) {
        return;
    }
    const auto octet = [this](std::size_t i) { return static_cast<unsigned char>(closing_[i]); };
    const auto code = static_cast<std::uint16_t>(octet(0) << 8 | octet(1));
    const std::string_view reason = std::string_view(closing_).substr(2);
    if (code < kServiceRestart || code > kBadGateway || !is_utf8(reason)) {
        return;
    }
    end_ = End{code, std::string(reason), true};
    wslay_event_queue_close(context_.get(), code, octets(end_->reason), end_->reason.size());
    wslay_event_shutdown_read(context_.get());
}

void WslaySession::end_message(const wslay_event_on_msg_recv_arg& message) {
    if (end_) {
        return;
    }
    if (message.opcode == WSLAY_CONNECTION_CLOSE) {
        return on_closed(message);
    }
    if (is_control(message.opcode)) {
        return;
    }
    const bool is_text = message.opcode == WSLAY_TEXT_FRAME;
    if (inflater_) {
        apply(inflater_->finish(message_, terms_.most_message));
        inflater_.reset();
        if (!end_ && is_text && !is_utf8(message_)) {  // wslay has checked what is not compressed
            fail(WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "the text is not UTF-8");
        }
    }
    if (!end_) {
        user_.on_message(is_text, std::exchange(message_, {}));
    }
}

void WslaySession::on_closed(const wslay_event_on_msg_recv_arg& message) {
    const std::string_view payload = text_of(message.msg, message.msg_length);
    end_ = End{message.status_code == 0 ? std::uint16_t{kNoCode} : message.status_code,
               std::string(payload.substr(std::min<std::size_t>(2, payload.size()))), true};
}

bool WslaySession::queue(std::uint8_t opcode, std::string_view bytes, std::uint8_t rsv) noexcept {
    const wslay_event_msg message{opcode, octets(bytes), bytes.size()};
    return wslay_event_queue_msg_ex(context_.get(), &message, rsv) == 0;
}

bool WslaySession::send(bool is_text, std::string_view message) noexcept {
    const std::uint8_t opcode = is_text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
    const bool compressible =
        terms_.deflate && message.size() >= kLeastCompressed && message.size() <= kMostCompressed;
    try {
        const std::string small =
            compressible ? deflater_.compress(message, terms_.deflate->window_bits) : "";
        return small.empty() ? queue(opcode, message, WSLAY_RSV_NONE)
                             : queue(opcode, small, WSLAY_RSV1_BIT);
    } catch (const std::bad_alloc&) {
        return false;
    }
}

bool WslaySession::ping(std::string_view payload) noexcept {
    return queue(WSLAY_PING, payload, WSLAY_RSV_NONE);
}

bool WslaySession::close(std::uint16_t code, std::string_view reason) noexcept {
    return wslay_event_queue_close(context_.get(), code == kNoCode ? std::uint16_t{0} : code,
                                   octets(reason), reason.size()) == 0;
}

bool WslaySession::has_output() const {
    return wslay_event_want_write(context_.get()) != 0;
}

std::string WslaySession::take_output() {
    if (wslay_event_send(context_.get()) != 0) {
        throw std::bad_alloc();
    }
    if (end_ && !end_->by_client && close_sent()) {
        end_->code = wslay_event_get_status_code_sent(context_.get());
    }
    return std::exchange(output_, {});
}

bool WslaySession::close_sent() const {
    return wslay_event_get_close_sent(context_.get()) != 0;
}

}  // namespace geventd::websocket
