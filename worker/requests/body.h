// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/chunk_decoder.h"
#include "http/request_head.h"

namespace geventd::worker {

/// The body of one request. What was received before the application started is in a buffer; the
/// rest is received when the application reads. Handles framing and limits, but no socket.
/// Lives in: worker, loop side.
class Body {
  public:
    /// Prepares for the body that `head` announces; `limit` in bytes, 0: none.
    void start(const http::RequestHead& head, std::uint64_t limit);

    /// The body is complete, and the client now sends bytes of another protocol until EOF; `first`
    /// has been received already.
    void start_stream(std::string_view first);

    /// The stream's EOF has been received.
    void end_stream() { remaining_ = 0; }

    [[nodiscard]] bool is_stream() const { return is_stream_; }

    /// Takes received bytes; returns how many of them belong to the body.
    std::size_t feed(std::string_view bytes);

    /// Moves up to `room` buffered bytes to `into`.
    std::size_t take(char* into, std::size_t room);

    /// The next take() gives `bytes` again, the last ones that a reader has taken or received.
    void put_back(std::string_view bytes);

    /// How many bytes may be received straight into a reader's memory; 0 when they need decoding or
    /// the buffer comes first.
    [[nodiscard]] std::uint64_t direct() const {
        return kind_ == http::BodyKind::Length && buffered() == 0 ? remaining_ : 0;
    }

    /// `bytes` were received straight into a reader's memory, without feed().
    void received(std::size_t bytes) {
        remaining_ -= bytes;
        started_ = true;
    }

    /// The whole body has been received, though perhaps not taken yet.
    [[nodiscard]] bool complete() const { return complete_ || (is_length() && remaining_ == 0); }

    [[nodiscard]] bool failed() const { return rejection_.status != 0; }

    [[nodiscard]] const http::Rejection& rejection() const { return rejection_; }

    void fail(int status, std::string_view reason) { rejection_ = {status, reason}; }

    [[nodiscard]] std::size_t buffered() const { return buffer_.size() - taken_; }

    [[nodiscard]] std::string_view buffer() const {
        return std::string_view(buffer_).substr(taken_);
    }

    void consume(std::size_t bytes);

    /// How many bytes are still to arrive; 0 for a chunked body, where this is unknown.
    [[nodiscard]] std::uint64_t remaining() const { return is_length() ? remaining_ : 0; }

    /// Some of the body has arrived, so the client does not wait for 100 Continue.
    [[nodiscard]] bool started() const { return started_; }

    void clear();

  private:
    [[nodiscard]] bool is_length() const { return kind_ == http::BodyKind::Length; }

    std::size_t feed_chunked(std::string_view bytes);

    http::BodyKind kind_ = http::BodyKind::None;
    bool complete_ = true;
    bool started_ = false;
    bool is_stream_ = false;
    std::uint64_t remaining_ = 0;
    std::uint64_t limit_ = 0;
    std::uint64_t decoded_ = 0;
    std::string buffer_;
    std::size_t taken_ = 0;
    std::optional<http::ChunkDecoder> decoder_;
    http::Rejection rejection_;
};

}  // namespace geventd::worker
