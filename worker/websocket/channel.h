// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "websocket/handshake.h"
#include "websocket/session.h"
#include "worker/websocket/ready_mark.h"
#include "worker/websocket/socket.h"

namespace geventd::worker {

/// One WebSocket of the server's own engine. It reads, and answers pings, as long as messages that
/// nobody has taken do not fill it; it sends pings by itself and ends a connection that does not
/// answer.
///
///   Asked ──accept()──▶ Open ──a closing frame, of either side──▶ Closing ──▶ Over
///                         └───────────── the client is gone ──────────────────▲
///
/// Lives in: worker, loop side; see Socket.
class Channel final : public Socket, private websocket::Session::User {
  public:
    enum class State : std::uint8_t { Asked, Open, Closing, Over };

    enum class Outcome : std::uint8_t {
        Done,
        Wait,    ///< a former message is not sent yet: wait as a sender, and try again
        Closed,  ///< it cannot be sent any more
    };

    struct Message {
        bool is_text = false;
        std::string data;
    };

    Channel(Channels& home, Request& request, const websocket::Handshake& handshake);
    ~Channel() override = default;

    [[nodiscard]] State state() const { return state_; }

    Channel* as_channel() override { return this; }

    /// What the client asked for.
    [[nodiscard]] const websocket::Handshake& handshake() const { return handshake_; }

    /// Answers the handshake; `protocol`: the subprotocol, "" for none. False when it cannot be
    /// answered any more, because the client has left or an answer has begun. Throws
    /// std::bad_alloc.
    bool accept(std::string_view protocol);

    [[nodiscard]] const std::string& protocol() const { return protocol_; }

    [[nodiscard]] bool has_message() const { return !inbox_.empty(); }

    /// Looks for a message among what has been received, when the greenlet has come back for one.
    void look_for_message() noexcept;

    /// The oldest message. REQUIRES: has_message().
    Message take();

    /// Nothing more will be received than has_message() tells. After a good-bye of the server's own
    /// the client may have sent something before it heard that.
    [[nodiscard]] bool has_received_all() const {
        return is_closed() && (state_ == State::Over || !is_leaving_ || session_->end());
    }

    [[nodiscard]] bool is_closed() const override {
        return state_ != State::Asked && state_ != State::Open;
    }

    /// The client has said why, or is gone.
    [[nodiscard]] bool has_end() const {
        return state_ == State::Over || (session_ && session_->end());
    }

    /// Why it is closed, as far as is known by now.
    [[nodiscard]] const websocket::Session::End& end() const;

    Outcome send(bool is_text, std::string_view message);
    Outcome ping(std::string_view payload);

    /// Begins to close, and drops what nobody has taken. No effect when the client, or this, has
    /// done so already.
    void close(std::uint16_t code, std::string_view reason) noexcept;

    /// A descriptor, the same at each call, that is readable just while has_message() or
    /// has_received_all(); -1: there is none. Made by the first call.
    int ready_fd() noexcept { return ready_.fd(is_readable()); }

    // Called by Channels.
    void on_ping_due() noexcept;
    void on_pong_due() noexcept;
    void on_closing_due() noexcept override;
    void on_leaving_due() noexcept override;

  private:
    // Called as Upgraded only.
    bool on_readable() noexcept override;
    void on_writable() noexcept override;
    void application_ended(bool complete) noexcept override;

    [[nodiscard]] bool has_begun() const override { return state_ != State::Asked; }

    [[nodiscard]] bool is_over() const override { return state_ == State::Over; }

    void on_message(bool is_text, std::string message) override;

    [[nodiscard]] bool is_full() const override { return has_turn_ || is_stocked(); }

    void on_turn_over() noexcept override { go_on_after_turn(); }

    [[nodiscard]] bool is_readable() const override { return has_message() || has_received_all(); }

    [[nodiscard]] bool is_stocked() const;
    [[nodiscard]] bool wants_bytes() const;
    void receive();
    void hear(std::string_view bytes);
    void settle();
    void flush();
    void go_on_reading();
    void go_on_after_turn() noexcept;
    void send_ping();
    void end_deserted();

    void show_ready() noexcept { ready_.show(is_readable()); }

    void say_goodbye(std::uint16_t code, std::string_view reason) noexcept;
    void go_on_closing() noexcept;
    void be_over();
    template <typename Action>
    void guarded(Action action) noexcept;

    websocket::Handshake handshake_;
    std::string protocol_;
    std::unique_ptr<websocket::Session> session_;
    std::list<Message> inbox_;  ///< not a deque: an empty one has half a KiB
    std::size_t inbox_bytes_ = 0;
    ReadyMark ready_;
    State state_ = State::Asked;
    bool is_leaving_ = false;  ///< the worker has said good-bye, and the application goes on
    bool has_turn_ = false;    ///< the greenlet has it, to answer a message before the next frame
    bool is_reading_ = false;  ///< the loop tells of received bytes
    bool heard_ = false;       ///< something was received since the last ping
    bool was_taken_ = false;   ///< a message was taken since the last ping
};

}  // namespace geventd::worker
