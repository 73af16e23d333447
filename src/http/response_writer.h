// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "http/response_head.h"

namespace geventd::http {

/// Turns a response into the bytes of HTTP/1 (RFC 9112): completes the head, decides how the body
/// is delimited and frames each piece of it accordingly. Knows no socket: the caller sends what it
/// is given, in that order.
///
///   head() is filled → complete() → head_part() → add_piece() ... → last_part()
///
/// Lives in: worker; one for each request.
class ResponseWriter {
  public:
    /// The protocol that the client understands.
    enum class Dialect : std::uint8_t {
        Http11,   ///< chunks; connections are kept unless the response says otherwise
        Http10,   ///< a body without a length ends with the connection
        Gateway,  ///< as Http10, for a web server that adds Date and Connection itself (uwsgi)
    };

    struct Terms {
        Dialect dialect = Dialect::Http11;
        bool head_request = false;  ///< HEAD: send the head of the response without its body
        bool keep_alive = false;    ///< as far as client and server want it
        std::int64_t epoch = 0;     ///< the wall clock in whole seconds, for Date
    };

    /// How the body is delimited.
    enum class Framing : std::uint8_t { Undecided, NoBody, Length, Chunked, UntilClose };

    ResponseHead& head() { return head_; }

    [[nodiscard]] const ResponseHead& head() const { return head_; }

    /// Completes the head. `length` is that of a body that is available as a whole; it is sent
    /// unless the application set one, or gave no body to HEAD. Returns whether the connection is
    /// kept after this response.
    bool complete(const Terms& terms, std::optional<std::uint64_t> length);

    /// Completes the head of an answer with status 101, behind which `protocol` is spoken: there
    /// are no pieces, and the connection is not kept.
    void upgrade(std::string_view protocol);

    /// An answer of the server's own instead of the application's; head_part() is all of it.
    void replace(int status, std::string bytes);

    /// After this nothing is sent any more.
    void cut_off();

    /// For the next answer.
    void reset();

    /// The head, to be sent first.
    [[nodiscard]] iovec head_part() const;

    /// The most parts that represent a piece.
    static constexpr std::size_t kMostParts = 3;

    /// Writes the parts to be sent for a piece of the body into `parts`, and returns how many. The
    /// piece must live until they are sent. No parts for an empty piece, or where there is no body;
    /// bytes beyond Content-Length are left out, see room(). `parts` must have room for
    /// kMostParts, or for one where framing() is not Chunked.
    std::size_t add_piece(std::string_view bytes, std::span<iovec> parts);

    /// Counts body bytes that were sent by other means, from a file; not for Chunked.
    void count(std::uint64_t bytes) {
        body_bytes_ += bytes;
        left_ -= framing_ == Framing::Length ? bytes : 0;
    }

    /// What ends the body; empty where nothing does.
    [[nodiscard]] iovec last_part() const;

    [[nodiscard]] Framing framing() const { return framing_; }

    /// The head is complete.
    [[nodiscard]] bool completed() const { return framing_ != Framing::Undecided; }

    /// How many more bytes the body may have.
    [[nodiscard]] std::uint64_t room() const {
        return framing_ == Framing::Length ? left_ : std::numeric_limits<std::uint64_t>::max();
    }

    /// Bytes promised by Content-Length but not sent.
    [[nodiscard]] std::uint64_t missing() const { return framing_ == Framing::Length ? left_ : 0; }

    /// Bytes of the body so far, without framing.
    [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }

  private:
    void decide_framing(const Terms& terms, std::optional<std::uint64_t> length);

    ResponseHead head_;
    std::uint64_t left_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::array<char, 2 * sizeof(std::size_t) + 2> chunk_line_{};
    Framing framing_ = Framing::Undecided;
};

}  // namespace geventd::http
