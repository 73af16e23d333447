// SPDX-License-Identifier: MIT
#include "websocket/accept_key.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace geventd::websocket {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using Digest = std::array<std::uint8_t, 20>;

/// The five words of SHA-1. The protocol needs a digest that no proxy makes by chance, and no
/// secrecy, so that SHA-1 is good enough and a library for it is not worth its weight.
class Sha1 {
  public:
    void add_block(std::span<const std::uint8_t, 64> block) {
        std::array<std::uint32_t, 80> words{};
        for (std::size_t i = 0; i < 16; ++i) {
            for (std::size_t j = 0; j < 4; ++j) {
                words[i] = (words[i] << 8) | block[4 * i + j];
            }
        }
        for (std::size_t i = 16; i < words.size(); ++i) {
            words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        }
        auto [a, b, c, d, e] = state_;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const auto [mix, constant] = round(i, b, c, d);
            const std::uint32_t next = std::rotl(a, 5) + mix + e + constant + words[i];
            e = d;
            d = c;
            c = std::rotl(b, 30);
            b = a;
            a = next;
        }
        state_[0] += a;
        state_[1] += b;
        state_[2] += c;
        state_[3] += d;
        state_[4] += e;
    }

    [[nodiscard]] Digest digest() const {
        Digest bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
        }
        return bytes;
    }

  private:
    struct Round {
        std::uint32_t mix;
        std::uint32_t constant;
    };

    static Round round(std::size_t i, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
        if (i < 20) {
            return {(b & c) | (~b & d), 0x5a82'7999};
        }
        if (i < 40) {
            return {b ^ c ^ d, 0x6ed9'eba1};
        }
        if (i < 60) {
            return {(b & c) | (b & d) | (c & d), 0x8f1b'bcdc};
        }
        return {b ^ c ^ d, 0xca62'c1d6};
    }

    std::array<std::uint32_t, 5> state_{0x6745'2301, 0xefcd'ab89, 0x98ba'dcfe, 0x1032'5476,
                                        0xc3d2'e1f0};
};

Digest sha1(std::string text) {
    const std::uint64_t bits = 8 * static_cast<std::uint64_t>(text.size());
    text.push_back('\x80');
    text.resize((text.size() + 8 + 63) / 64 * 64, '\0');
    for (std::size_t i = 0; i < 8; ++i) {
        text[text.size() - 1 - i] = static_cast<char>((bits >> (8 * i)) & 0xff);
    }
    Sha1 sum;
    for (std::size_t at = 0; at < text.size(); at += 64) {
        std::array<std::uint8_t, 64> block{};
        for (std::size_t i = 0; i < block.size(); ++i) {
            block[i] = static_cast<std::uint8_t>(text[at + i]);
        }
        sum.add_block(block);
    }
    return sum.digest();
}

std::string base64(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = (group << 8) | (at + i < bytes.size() ? bytes[at + i] : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            const bool filled = at + i <= bytes.size();
            text.push_back(filled ? kAlphabet[(group >> (18 - 6 * i)) & 63] : '=');
        }
    }
    return text;
}

}  // namespace

bool is_key(std::string_view text) {
    return text.size() == 24 && text.substr(22) == "==" &&
           text.substr(0, 22).find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::string accept_key(std::string_view key) {
    return base64(sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

}  // namespace geventd::websocket
