// SPDX-License-Identifier: MIT
#include "websocket/codec.h"

#include <algorithm>
#include <array>
#include <new>

#include <zlib.h>

namespace geventd::websocket {

namespace {

// What each compressed message would end with; it is left out on the way (RFC 7692 7.2.1).
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);

// Fast, since the hub waits for it: better levels save a tenth and take twice the time.
constexpr int kLevel = 1;
constexpr int kMemoryLevel = 8;

Bytef* bytes_of(std::string_view text) {
    // zlib only reads what next_in points to, which has no const.
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));  // NOLINT
}

}  // namespace

struct Deflater::State {
    z_stream stream{};
    int window_bits = 0;  ///< 0: not initialized

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    ~State() { end(); }

    void end() {
        if (window_bits != 0) {
            ::deflateEnd(&stream);
        }
        window_bits = 0;
    }

    bool begin(int bits) {
        if (window_bits == bits) {
            return ::deflateReset(&stream) == Z_OK;
        }
        end();
        stream = {};
        const bool begun = ::deflateInit2(&stream, kLevel, Z_DEFLATED, -bits, kMemoryLevel,
                                          Z_DEFAULT_STRATEGY) == Z_OK;
        window_bits = begun ? bits : 0;
        return begun;
    }
};

Deflater::Deflater() : state_(std::make_unique<State>()) {}

Deflater::~Deflater() = default;

const std::string& Deflater::compress(std::string_view message, int window_bits) {
    if (window_bits != window_bits_ || message != message_) {
        window_bits_ = 0;  // should memory run out
        message_ = message;
        if (!pack(message, window_bits)) {
            result_.clear();
        }
        window_bits_ = window_bits;
    }
    return result_;
}

// A result that does not fit into the length of the message is no gain.
bool Deflater::pack(std::string_view message, int window_bits) {
    if (!state_->begin(window_bits)) {
        return false;
    }
    z_stream& stream = state_->stream;
    result_.resize(message.size());
    stream.next_in = bytes_of(message);
    stream.avail_in = static_cast<uInt>(message.size());
    stream.next_out = bytes_of(result_);
    stream.avail_out = static_cast<uInt>(result_.size());
    if (::deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_in > 0 || stream.avail_out == 0) {
        return false;
    }
    result_.resize(result_.size() - stream.avail_out - kTail.size());
    return true;
}

struct Inflater::State {
    z_stream stream{};

    State() {
        if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
            throw std::bad_alloc();
        }
    }

    State(const State&) = delete;
    State& operator=(const State&) = delete;

    ~State() { ::inflateEnd(&stream); }
};

Inflater::Inflater() : state_(std::make_unique<State>()) {}

Inflater::~Inflater() = default;

Inflater::Outcome Inflater::expand(std::string_view piece, std::string& message,
                                   std::uint64_t most) {
    z_stream& stream = state_->stream;
    std::array<char, 16384> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): zlib fills it
    stream.next_in = bytes_of(piece);
    stream.avail_in = static_cast<uInt>(piece.size());
    do {
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        const int result = ::inflate(&stream, Z_SYNC_FLUSH);
        const std::size_t got = room.size() - stream.avail_out;
        if (got > most - std::min<std::uint64_t>(most, message.size())) {
            return Outcome::TooLong;  // whatever comes behind it
        }
        if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) {
            return Outcome::Broken;
        }
        message.append(room.data(), got);
        if (result == Z_STREAM_END && ::inflateReset(&stream) != Z_OK) {
            return Outcome::Broken;  // a last block within the message is allowed (7.2.3.4)
        }
        if (result == Z_BUF_ERROR) {
            break;
        }
    } while (stream.avail_in > 0 || stream.avail_out == 0);
    return Outcome::Fine;
}

Inflater::Outcome Inflater::finish(std::string& message, std::uint64_t most) {
    return expand(kTail, message, most);
}

}  // namespace geventd::websocket
