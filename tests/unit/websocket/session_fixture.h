// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "websocket/codec.h"
#include "websocket/session.h"

namespace geventd::websocket {

// Bits of a frame's first byte.
inline constexpr unsigned kMore = 0x00;
inline constexpr unsigned kFin = 0x80;
inline constexpr unsigned kCompressed = 0x40;
inline constexpr unsigned kContinue = 0;
inline constexpr unsigned kText = 1;
inline constexpr unsigned kBinary = 2;
inline constexpr unsigned kClose = 8;
inline constexpr unsigned kPing = 9;

// A client's frame. Its mask is not zero, so that a session which forgets it is found out.
inline std::string frame(unsigned first, std::string_view payload) {
    std::string bytes(1, static_cast<char>(first));
    if (payload.size() < 126) {
        bytes += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 0x10000) {
        bytes += static_cast<char>(0x80 | 126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size() & 0xff);
    } else {
        bytes += static_cast<char>(0x80 | 127);
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes += static_cast<char>((payload.size() >> shift) & 0xff);
        }
    }
    constexpr std::string_view kMask = "\x12\x34\x56\x78";
    bytes += kMask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        bytes += static_cast<char>(payload[i] ^ kMask[i % 4]);
    }
    return bytes;
}

inline std::string code(unsigned number) {
    return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}

class SessionTest : public testing::Test, protected Session::User {
  protected:
    void start(std::uint64_t most = 1 << 20, bool deflate = false) {
        session =
            engine->make(*this, {most, deflate ? std::optional(DeflateTerms{}) : std::nullopt});
    }

    void on_message(bool is_text, std::string message) override {
        messages.push_back((is_text ? "text:" : "bytes:") + message);
    }

    [[nodiscard]] bool is_full() const override { return messages.size() >= most_messages; }

    std::string output() { return session->has_output() ? session->take_output() : ""; }

    // The code of the closing frame that the session sends.
    unsigned closed_with() {
        const std::string bytes = output();
        if (bytes.size() < 4 || bytes[0] != '\x88') {
            return 0;
        }
        return (static_cast<unsigned char>(bytes[2]) << 8) | static_cast<unsigned char>(bytes[3]);
    }

    std::unique_ptr<Engine> engine = make_engine();
    std::unique_ptr<Session> session;
    std::vector<std::string> messages;
    std::size_t most_messages = 100;
};

using Texts = std::vector<std::string>;

}  // namespace geventd::websocket
