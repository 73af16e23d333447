// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace geventd::websocket {

/// Compresses whole messages, each by itself. One serves all connections of a worker, and remembers
/// its last result, since an application often sends one message to many.
/// Lives in: worker, loop side.
class Deflater {
  public:
    Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater();

    /// The message compressed with a window of 2^`window_bits` bytes; "" if that makes it no
    /// smaller. Valid until the next call. Throws std::bad_alloc.
    const std::string& compress(std::string_view message, int window_bits);

  private:
    struct State;

    bool pack(std::string_view message, int window_bits);

    std::unique_ptr<State> state_;
    std::string message_;  ///< the last one
    int window_bits_ = 0;  ///< with which that was compressed
    std::string result_;
};

/// Expands one message, piece by piece. Its memory, some 40 KiB, exists only meanwhile.
/// Lives in: worker, loop side.
class Inflater {
  public:
    Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater();

    enum class Outcome {
        Fine,
        TooLong,  ///< `message` would be longer than `most`
        Broken,   ///< these bytes are not what a compressor makes
    };

    /// Appends to `message` what `piece` expands to.
    Outcome expand(std::string_view piece, std::string& message, std::uint64_t most);

    /// The message has no further piece.
    Outcome finish(std::string& message, std::uint64_t most);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace geventd::websocket
