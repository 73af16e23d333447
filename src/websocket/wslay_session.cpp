// SPDX-License-Identifier: MIT
#include "websocket/wslay_session.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "websocket/utf8.h"

namespace geventd::websocket {

namespace {

// Longer messages would hold up the hub while they are compressed.
constexpr std::size_t kMostCompressed = 256 << 10;

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
    static WslaySession& session(void* user) { return *static_cast<WslayContext*>(user)->session; }

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
        if (self.context_->input.empty() || self.is_paused()) {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        WslayContext& mine = *self.context_;
        if (mine.frames.at_boundary() && is_part_of_close(mine.input)) {
            guarded(context, user, [](WslaySession& waiting) { waiting.await_whole_close(); });
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        const std::size_t count = mine.frames.pass_to_boundary(mine.input.substr(0, room));
        if (mine.frames.is_broken()) {  // wslay would close without a code
            guarded(context, user, [](WslaySession& broken) {
                broken.fail(WSLAY_CODE_PROTOCOL_ERROR, "no frame has such a header");
            });
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        std::memcpy(into, mine.input.data(), count);
        mine.input.remove_prefix(count);
        return static_cast<ssize_t>(count);
    }

    static ssize_t send(wslay_event_context_ptr context, const std::uint8_t* bytes,
                        std::size_t size, int, void* user) noexcept {
        try {
            session(user).context_->output.append(text_of(bytes, size));
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

// wslay counts what comes, and what cannot be compressed grows a little by it. The true limit is
// kept by begin_frame() and the inflater.
std::uint64_t WslaySession::most_received() const {
    constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t most = std::max<std::uint64_t>(terms_.most_message, kMostPing);
    const std::uint64_t growth = terms_.deflate ? most / 1000 + 1024 : 0;
    return most > kAny - growth ? kAny : most + growth;
}

wslay_event_context_ptr WslaySession::wslay() {
    static constexpr wslay_event_callbacks kCalls{
        &Calls::receive,     &Calls::send,      nullptr,         &Calls::frame_start,
        &Calls::frame_chunk, &Calls::frame_end, &Calls::message,
    };
    if (!context_) {
        context_ = stock_.take(kCalls);
        context_->session = this;
        wslay_event_config_set_max_recv_msg_length(context_->get(), most_received());
        wslay_event_config_set_allowed_rsv_bits(context_->get(),
                                                terms_.deflate ? WSLAY_RSV1_BIT : WSLAY_RSV_NONE);
    }
    return context_->get();
}

// Gives the context back if that is as it was when it was taken. After a closing frame it never is.
void WslaySession::rest() noexcept {
    if (context_->is_unused() && !end_ && !is_closing_ && !out_of_memory_) {
        stock_.give(std::move(context_));
    }
}

bool WslaySession::is_paused() const {
    return user_.is_full() || wslay_event_get_queued_msg_count(context_->get()) > kMostAnswers;
}

bool WslaySession::receive(std::string_view bytes) noexcept {
    if (end_) {
        context_->keep({});
        return true;
    }
    std::string close;
    try {
        if (!part_of_close_.empty() && !bytes.empty()) {
            part_of_close_.append(bytes);
            close = std::exchange(part_of_close_, {});
            bytes = close;
        }
        auto* const frames = wslay();
        context_->input = context_->add_to_kept(bytes);
        const int result = wslay_event_recv(frames);
        if (out_of_memory_ || result == WSLAY_ERR_NOMEM) {
            return false;
        }
        if (!end_ && wslay_event_get_read_enabled(frames) == 0) {
            end_ = End{WSLAY_CODE_PROTOCOL_ERROR, "", false};  // the code is known when it is sent
        }
        context_->keep(end_ ? std::string_view() : context_->input);
        rest();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

// wslay looks whether the reason is UTF-8 as if a closing frame always came in one piece.
void WslaySession::await_whole_close() {
    part_of_close_ = context_->input;
    context_->input = {};
}

void WslaySession::fail(std::uint16_t code, std::string_view reason) {
    end_ = End{code, std::string(reason), false};
    wslay_event_queue_close(context_->get(), code, octets(reason), reason.size());
    wslay_event_shutdown_read(context_->get());
    std::string().swap(context_->message);
    context_->inflater.reset();
}

void WslaySession::begin_frame(const wslay_event_on_frame_recv_start_arg& frame) {
    context_->in_data_frame = !is_control(frame.opcode);
    in_closing_frame_ = frame.opcode == WSLAY_CONNECTION_CLOSE;
    if (frame.opcode == WSLAY_CONNECTION_CLOSE && frame.payload_length == 1) {
        fail(WSLAY_CODE_PROTOCOL_ERROR, "half a closing code");
    }
    if (!context_->in_data_frame) {
        return;
    }
    context_->in_message = true;
    if (wslay_get_rsv1(frame.rsv) != 0) {
        context_->inflater = std::make_unique<Inflater>();
    }
    const std::uint64_t most = terms_.most_message;
    const std::uint64_t room = most - std::min<std::uint64_t>(most, context_->message.size());
    if (!context_->inflater && frame.payload_length > room) {
        fail(WSLAY_CODE_MESSAGE_TOO_BIG, "the message is too long");
    }
}

void WslaySession::add_piece(std::string_view piece) {
    if (in_closing_frame_) {
        closing_.append(piece);
    }
    if (end_ || !context_->in_data_frame) {
        return;
    }
    if (context_->inflater) {
        apply(context_->inflater->expand(piece, context_->message, terms_.most_message));
    } else {
        context_->message.append(piece);
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
    wslay_event_queue_close(context_->get(), code, octets(end_->reason), end_->reason.size());
    wslay_event_shutdown_read(context_->get());
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
    context_->in_message = false;
    const bool is_text = message.opcode == WSLAY_TEXT_FRAME;
    std::string& whole = context_->message;
    if (context_->inflater) {
        apply(context_->inflater->finish(whole, terms_.most_message));
        context_->inflater.reset();
        if (!end_ && is_text && !is_utf8(whole)) {  // wslay has checked what is not compressed
            fail(WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "the text is not UTF-8");
        }
    }
    if (!end_) {
        user_.on_message(is_text, std::exchange(whole, {}));
    }
}

void WslaySession::on_closed(const wslay_event_on_msg_recv_arg& message) {
    const std::string_view payload = text_of(message.msg, message.msg_length);
    end_ = End{message.status_code == 0 ? std::uint16_t{kNoCode} : message.status_code,
               std::string(payload.substr(std::min<std::size_t>(2, payload.size()))), true};
}

bool WslaySession::queue(std::uint8_t opcode, std::string_view bytes, std::uint8_t rsv) noexcept {
    const wslay_event_msg message{opcode, octets(bytes), bytes.size()};
    try {
        return wslay_event_queue_msg_ex(wslay(), &message, rsv) == 0;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

bool WslaySession::send(bool is_text, std::string_view message) noexcept {
    const std::uint8_t opcode = is_text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
    const bool compressible = terms_.deflate && message.size() >= terms_.least_compressed &&
                              message.size() <= kMostCompressed;
    try {
        std::string_view small;
        if (compressible) {
            small = deflater_.compress(message, terms_.deflate->window_bits);
        }
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
    is_closing_ = true;
    try {
        return wslay_event_queue_close(wslay(), code == kNoCode ? std::uint16_t{0} : code,
                                       octets(reason), reason.size()) == 0;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

bool WslaySession::has_output() const {
    return context_ && wslay_event_want_write(context_->get()) != 0;
}

std::string WslaySession::take_output() {
    if (!context_) {
        return {};
    }
    if (wslay_event_send(context_->get()) != 0) {
        throw std::bad_alloc();
    }
    if (end_ && !end_->by_client && close_sent()) {
        end_->code = wslay_event_get_status_code_sent(context_->get());
    }
    std::string output = std::exchange(context_->output, {});
    rest();
    return output;
}

bool WslaySession::close_sent() const {
    return context_ && wslay_event_get_close_sent(context_->get()) != 0;
}

}  // namespace geventd::websocket
