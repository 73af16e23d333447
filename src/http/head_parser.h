// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request_head.h"

namespace geventd::http {

/// Bounds of a request head; sizes in bytes.
struct HeadLimits {
    std::size_t head = 65536;
    std::size_t target = 16384;
    std::size_t headers = 200;
};

/// Why a request is refused: the status to answer with and a phrase for the log and the body.
struct Rejection {
    int status = 0;  ///< 0: not refused
    std::string_view reason;
};

/// Looks for the end of a request head in bytes that arrive in pieces. Leading empty lines before
/// the request line are skipped (RFC 9112 2.2). Refuses early what can never become a head: bare
/// LF, an overlong line, more than the limit.
/// Pure: bytes in, positions out.
class HeadScanner {
  public:
    enum class State { Incomplete, Complete, Rejected };

    /// `bytes` is all that was received of this head so far, from its first byte on; only what
    /// is new since the last call is looked at.
    State scan(std::string_view bytes, const HeadLimits& limits);

    /// Complete: where the head begins (after leading empty lines) and its length with the empty
    /// line that ends it.
    [[nodiscard]] std::size_t begin() const { return begin_; }

    [[nodiscard]] std::size_t length() const { return end_ - begin_; }

    [[nodiscard]] const Rejection& rejection() const { return rejection_; }

    void reset() { *this = HeadScanner(); }

  private:
    std::size_t seen_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t line_ = 0;
    Rejection rejection_;
};

/// Parses one complete head (as delimited by HeadScanner) strictly by RFC 9110 and 9112 on top of
/// llhttp. Returns a Rejection with status 0 when `head` was filled.
Rejection parse_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head);

}  // namespace geventd::http
