// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// Decodes a chunked message body that arrives in pieces; chunk extensions and trailers are
/// checked, read and dropped (their total size is bounded).
/// Pure: bytes in, bytes out.
class ChunkDecoder {
  public:
    ChunkDecoder();
    ~ChunkDecoder();
    ChunkDecoder(ChunkDecoder&&) noexcept;
    ChunkDecoder& operator=(ChunkDecoder&&) noexcept;

    enum class State { More, Done, Rejected };

    /// Appends the body bytes found in `bytes` to `body`; `used` tells how many bytes were
    /// consumed (less than all only when Done: the rest belongs to the next request).
    State decode(std::string_view bytes, std::string& body, std::size_t& used);

    [[nodiscard]] const Rejection& rejection() const { return rejection_; }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    Rejection rejection_;
};

}  // namespace geventd::http
