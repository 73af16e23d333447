// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// Decodes a chunked message body that arrives in pieces; chunk extensions and trailers are
/// checked and dropped, and their total size is bounded.
/// llhttp's decoder is not used because it accepts lone LFs and unbounded extensions; guarding it
/// would take a second scan of every chunk header.
/// Pure: bytes in, bytes out.
class ChunkDecoder {
  public:
    enum class State { More, Done, Rejected };

    /// Appends the body bytes found in `bytes` to `body`; sets `used` to the number of bytes
    /// consumed (fewer than all only when Done: the rest belongs to the next request).
    State decode(std::string_view bytes, std::string& body, std::size_t& used);

    [[nodiscard]] const Rejection& rejection() const { return rejection_; }

    /// Body bytes decoded so far, for the body limit.
    [[nodiscard]] std::uint64_t total() const { return total_; }

  private:
    /// What the next byte belongs to.
    enum class At : std::uint8_t {
        Size,
        BlankAfterSize,
        Extension,
        SizeLf,
        Data,
        DataCr,
        DataLf,
        TrailerStart,
        TrailerName,
        TrailerValue,
        TrailerLf,
        EndLf,
        Done,
        Rejected
    };

    std::size_t take_data(std::string_view bytes, std::string& body);
    void step(char byte);
    void on_size(char byte);
    void on_blank_after_size(char byte);
    void on_extension(char byte);
    void on_trailer(char byte);
    void expect(char byte, char wanted, At next, std::string_view reason);
    void reject(std::string_view reason);

    At at_ = At::Size;
    std::uint8_t digits_ = 0;
    std::uint64_t left_ = 0;  ///< bytes left of the current chunk; while reading its size: the size
    std::uint64_t total_ = 0;
    std::uint64_t extension_bytes_ = 0;
    std::uint64_t trailer_bytes_ = 0;
    Rejection rejection_;
};

}  // namespace geventd::http
