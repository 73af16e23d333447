// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <wslay/wslay.h>

#include "websocket/codec.h"
#include "websocket/session.h"
#include "websocket/wslay_stock.h"

namespace geventd::websocket {

/// A session on wslay, which knows frames; fragments are joined and compressed ones expanded here,
/// because wslay limits single frames only and knows no compression. It has a context of wslay only
/// from the first byte of a message to the last, and while there is something to send.
/// Lives in: worker, loop side.
class WslaySession final : public Session {
  public:
    /// Borrows `deflater` and `stock` for its life.
    WslaySession(User& user, const Terms& terms, Deflater& deflater, WslayStock& stock)
        : user_(user), terms_(terms), deflater_(deflater), stock_(stock) {}

    bool receive(std::string_view bytes) noexcept override;

    [[nodiscard]] bool has_input() const override { return context_ && !context_->kept.empty(); }

    [[nodiscard]] const std::optional<End>& end() const override { return end_; }

    bool send(bool is_text, std::string_view message) noexcept override;
    bool ping(std::string_view payload) noexcept override;
    bool close(std::uint16_t code, std::string_view reason) noexcept override;

    [[nodiscard]] bool has_output() const override;
    std::string take_output() override;
    [[nodiscard]] bool close_sent() const override;

  private:
    struct Calls;  ///< wslay's callbacks

    wslay_event_context_ptr wslay();
    [[nodiscard]] std::uint64_t most_received() const;
    void rest() noexcept;
    void await_whole_close();
    void begin_frame(const wslay_event_on_frame_recv_start_arg& frame);
    void add_piece(std::string_view piece);
    void end_frame();
    void end_message(const wslay_event_on_msg_recv_arg& message);
    void on_closed(const wslay_event_on_msg_recv_arg& message);
    void apply(Inflater::Outcome outcome);
    void fail(std::uint16_t code, std::string_view reason);
    [[nodiscard]] bool is_paused() const;
    bool queue(std::uint8_t opcode, std::string_view bytes, std::uint8_t rsv) noexcept;

    User& user_;
    Terms terms_;
    Deflater& deflater_;
    WslayStock& stock_;
    std::unique_ptr<WslayContext> context_;  ///< null: nothing has begun in either direction
    std::optional<End> end_;
    std::string part_of_close_;  ///< of a closing frame that has not come whole
    std::string closing_;        ///< the payload of the client's closing frame so far
    bool in_closing_frame_ = false;
    bool is_closing_ = false;  ///< close() was called
    bool out_of_memory_ = false;
};

/// The engine on wslay.
class WslayEngine final : public Engine {
  public:
    std::unique_ptr<Session> make(Session::User& user, const Session::Terms& terms) override {
        return std::make_unique<WslaySession>(user, terms, deflater_, stock_);
    }

  private:
    Deflater deflater_;
    WslayStock stock_;
};

}  // namespace geventd::websocket
