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

/// The body of one request as far as it has arrived: what was received with the head or before
/// the application started waits in a buffer, the rest is pulled from the socket by whoever
/// reads. Knows framing and limits, no socket.
/// Lives in: worker, loop side.
class Body {
  public:
    /// Prepares for the body that `head` announces; `limit` in bytes, 0 for none.
    void start(const http::RequestHead& head, std::uint64_t limit);

    /// Behind the body, which is complete, the client sends bytes of another protocol, until it
    /// ends them; `first` are here already.
    void start_stream(std::string_view first);

    /// The client has ended them.
    void end_stream() { remaining_ = 0; }

    [[nodiscard]] bool is_stream() const { return is_stream_; }

    /// Takes body bytes that have been received; returns how many of them were the body's.
    std::size_t feed(std::string_view bytes);

    /// Moves up to `room` buffered bytes to `into`.
    std::size_t take(char* into, std::size_t room);

    /// How many bytes of a body with a Content-Length may be received straight into a reader's
    /// memory; 0 when the bytes need decoding or the buffer comes first.
    [[nodiscard]] std::uint64_t direct() const {
        return kind_ == http::BodyKind::Length && buffered() == 0 ? remaining_ : 0;
    }

    /// So many bytes were received past feed().
    void received(std::size_t bytes) {
        remaining_ -= bytes;
        started_ = true;
    }

    /// All of it has been received, though perhaps not taken yet.
    [[nodiscard]] bool complete() const { return complete_ || (is_length() && remaining_ == 0); }

    [[nodiscard]] bool failed() const { return rejection_.status != 0; }

    [[nodiscard]] const http::Rejection& rejection() const { return rejection_; }

    void fail(int status, std::string_view reason) { rejection_ = {status, reason}; }

    [[nodiscard]] std::size_t buffered() const { return buffer_.size() - taken_; }

    [[nodiscard]] std::string_view buffer() const {
        return std::string_view(buffer_).substr(taken_);
    }

    void consume(std::size_t bytes);

    /// Bytes that are known to be still on their way; unknown for a chunked body (0).
    [[nodiscard]] std::uint64_t remaining() const { return is_length() ? remaining_ : 0; }

    /// Some of the body has arrived (so the client waits for no 100 Continue).
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
