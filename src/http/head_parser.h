// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request_head.h"

namespace geventd::http {

/// Bounds of a request head; sizes in bytes.
struct HeadLimits {
    std::size_t head = 65536;   ///< request line and fields; the line alone may be that long
    std::size_t headers = 200;  ///< how many fields
    std::uint64_t body = 0;     ///< of a Content-Length; 0: no bound
};

/// Why a request is refused: the status to answer with, and a phrase for the log and the body.
struct Rejection {
    int status = 0;  ///< 0: not refused
    std::string_view reason;
};

/// Looks for the end of a request head in bytes that arrive in pieces. Leading empty lines before
/// the request line are skipped (RFC 9112 2.2). Refuses early what can never become a head: a
/// control character, CR or LF outside of CRLF, a folded line, an overlong line, a head over the
/// limit. The reason names other protocols that it recognises (TLS, uwsgi, PROXY).
/// Pure: bytes in, positions out.
class HeadScanner {
  public:
    enum class State { Incomplete, Complete, Rejected };

    /// `bytes` is all that was received of this head so far, from its first byte on; only bytes
    /// that are new since the last call are examined, and none after the end of the head.
    State scan(std::string_view bytes, const HeadLimits& limits);

    /// When Complete: where the head begins (after leading empty lines), and its length including
    /// the empty line at its end.
    [[nodiscard]] std::size_t begin() const { return begin_; }

    [[nodiscard]] std::size_t length() const { return end_ - begin_; }

    [[nodiscard]] const Rejection& rejection() const { return rejection_; }

    void reset() { *this = HeadScanner(); }

  private:
    State reject(int status, std::string_view reason);
    State reject_control(std::string_view bytes, std::size_t at);
    State check_limits(std::size_t size, const HeadLimits& limits);

    [[nodiscard]] bool in_request_line() const { return line_ == begin_; }

    std::size_t seen_ = 0;  ///< everything before is valid
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t line_ = 0;  ///< where the current line begins
    Rejection rejection_;
};

/// Parses one complete head strictly by RFC 9110 and 9112.
/// Returns a Rejection with status 0 when `head` was filled. After a refusal its fields are those
/// read so far.
/// REQUIRES: `bytes` is exactly what a HeadScanner delimited. The scanner has checked the line
/// structure and control characters; they are not checked again.
Rejection parse_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head);

}  // namespace geventd::http
