// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// The current time as an IMF-fixdate ("Mon, 23 Nov 2026 10:00:00 GMT"), remade once a second.
/// `epoch` is the wall clock in whole seconds, given by the caller. The view stays valid until
/// the next call with another second. Not thread-safe.
std::string_view date_text(std::int64_t epoch);

/// The standard reason phrase ("Not Found"), or "Unknown".
std::string_view reason_phrase(int status);

/// No body may follow: 1xx, 204, 304.
constexpr bool has_no_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

/// A whole answer made by the server itself (refusals, 503): plain text body of one line,
/// Content-Length, Date and, unless `keep_alive`, `Connection: close`.
/// `extra_headers` are whole lines, each with its CRLF.
std::string make_simple_response(int status, std::string_view text, std::int64_t epoch,
                                 bool keep_alive = false, std::string_view extra_headers = {});

/// The line before a chunk of a chunked response: the size in hexadecimal and CRLF. (The chunk is
/// followed by CRLF, the body ends with kLastChunk.)
class ChunkSizeLine {
  public:
    explicit ChunkSizeLine(std::size_t size);

    [[nodiscard]] std::string_view text() const { return {bytes_ + start_, kSize - start_}; }

  private:
    static constexpr std::size_t kSize = 2 * sizeof(std::size_t) + 2;
    char bytes_[kSize]{};
    std::size_t start_ = kSize;
};

inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace geventd::http
