// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace geventd::websocket {

/// Follows the frames in one direction of a connection: where they begin and end, how many messages
/// they make, and whether a closing frame was among them. Lives in: worker, loop side.
class FrameTrace {
  public:
    /// `behind_head`: an HTTP head comes first.
    explicit FrameTrace(bool behind_head) : in_head_(behind_head) {}

    /// Bytes of the connection, in order.
    void pass(std::string_view bytes);

    /// The same up to the next boundary only; returns how many passed. REQUIRES: there are some,
    /// and no HTTP head comes first.
    std::size_t pass_to_boundary(std::string_view bytes);

    /// The last byte was the end of a frame, or of the head.
    [[nodiscard]] bool at_boundary() const { return !in_head_ && left_ == 0 && have_ == 0; }

    /// A closing frame has passed, whole.
    [[nodiscard]] bool close_passed() const { return is_closing_ && at_boundary(); }

    /// A header has passed that no frame may have: a frame that controls the connection in pieces
    /// or with more than 125 bytes, or a length with more digits than it needs or its highest bit
    /// set.
    [[nodiscard]] bool is_broken() const { return is_broken_; }

    /// How many messages have passed, counted when their last frame begins.
    [[nodiscard]] std::uint64_t messages() const { return messages_; }

  private:
    std::size_t pass_head(std::string_view bytes);
    [[nodiscard]] std::size_t header_size() const;
    [[nodiscard]] bool breaks_rules() const;
    void begin_payload();

    bool in_head_;
    bool is_closing_ = false;
    bool is_broken_ = false;
    std::size_t ends_ = 0;  ///< how much of the head's end has passed
    std::array<std::uint8_t, 14> header_{};
    std::size_t have_ = 0;    ///< bytes of the header
    std::uint64_t left_ = 0;  ///< bytes of the payload
    std::uint64_t messages_ = 0;
};

/// Whether the bytes are the beginning of a closing frame, and not all of it. REQUIRES: there are
/// some, and they begin at a boundary.
bool is_part_of_close(std::string_view bytes);

}  // namespace geventd::websocket
