// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "websocket/frame_trace.h"
#include "worker/websocket/ready_mark.h"
#include "worker/websocket/socket.h"

namespace geventd::worker {

/// A WebSocket that a library of the application speaks: bytes in, bytes out, from the head of the
/// answer on. The server follows the frames, so that it can say good-bye between two of them.
///
///   Raw ──both closing frames have passed, or the client is gone, or its time is over──▶ Over
///
/// Lives in: worker, loop side; see Socket. It has begun when it is made.
class RawSocket final : public Socket {
  public:
    enum class Outcome : std::uint8_t {
        Done,
        Wait,    ///< nothing is there, or former bytes are not sent yet
        Closed,  ///< nothing can be sent any more
    };

    RawSocket(Channels& home, Request& request) : Socket(home, request) {}

    [[nodiscard]] bool is_closed() const override { return over_ || said_goodbye_ || closed_; }

    RawSocket* as_raw() override { return this; }

    /// Takes the exchange over. False when an answer has begun, or the client cannot do this.
    /// Throws std::bad_alloc.
    bool begin();

    /// Receives bytes. Done with `got` 0: there will be none any more.
    Outcome receive(char* into, std::size_t room, std::size_t& got);

    /// Sends all of the bytes. Throws std::bad_alloc.
    Outcome send(std::string_view bytes);

    /// The library sends nothing more. Says good-bye unless that has; what comes is dropped unless
    /// a greenlet waits for it.
    void close() noexcept;

    /// Descriptors, the same at each call: one that is readable just while receive() has bytes or
    /// the end, one while send() need not wait. -1: there is none.
    int ready_fd() noexcept;

    int room_fd() noexcept { return room_.fd(has_room()); }

    void on_closing_due() noexcept override;

    void on_leaving_due() noexcept override;

  private:
    // Called as Upgraded only.
    bool on_readable() noexcept override;
    void on_writable() noexcept override;
    void application_ended(bool complete) noexcept override;

    [[nodiscard]] bool has_begun() const override { return true; }

    [[nodiscard]] bool is_over() const override { return over_; }

    [[nodiscard]] bool is_readable() const override { return readable_ || over_; }

    [[nodiscard]] bool has_room() const { return is_closed() || !exchange().is_sending(); }

    void look_for_more() noexcept;
    void pass_incoming(std::string_view bytes) noexcept;
    void leave(std::uint16_t code, std::string_view reason) noexcept;
    void say_goodbye() noexcept;
    void end_stream(std::uint16_t code) noexcept;
    void emit(std::string_view bytes);
    void discard();
    void conclude() noexcept;
    void be_over() noexcept;
    void show() noexcept;

    websocket::FrameTrace incoming_{false};
    websocket::FrameTrace outgoing_{true};
    ReadyMark ready_;
    ReadyMark room_;
    bool readable_ = false;
    bool may_have_bytes_ = true;  ///< false after a short read, until the loop tells of more
    std::uint16_t goodbye_ = 0;   ///< says it with this code at the end of the frame; 0: does not
    std::string_view goodbye_reason_;
    bool said_goodbye_ = false;  ///< by a closing frame of the server's own
    bool closed_ = false;        ///< by close()
    bool over_ = false;
};

}  // namespace geventd::worker
