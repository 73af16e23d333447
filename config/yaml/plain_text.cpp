// SPDX-License-Identifier: MIT
#include "config/yaml/plain_text.h"

#include <cstdint>

#include <fmt/core.h>

namespace geventd::config {

namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
    return static_cast<unsigned char>(text[i]);
}

/// The length of the well-formed UTF-8 sequence at the start of the text, 0 when there is none.
std::size_t sequence_length(std::string_view text) {
    const unsigned first = byte_at(text, 0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte_at(text, i) & 0xc0U) != 0x80) {
            return 0;
        }
    }
    // The second byte reveals overlong forms, surrogates and code points beyond U+10FFFF.
    const unsigned second = byte_at(text, 1);
    const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return wrong ? 0 : length;
}

bool is_control(unsigned byte) {
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
}

}  // namespace

std::optional<BinaryFault> find_binary(std::string_view text) {
    int line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = sequence_length(text.substr(i));
        const unsigned byte = byte_at(text, i);
        if (length == 0 || is_control(byte)) {
            return BinaryFault{
                line, static_cast<int>(i - line_start) + 1,
                length == 0 ? fmt::format("byte 0x{:02x} is not UTF-8, expected text", byte)
                            : fmt::format("holds control character 0x{:02x}, expected text", byte)};
        }
        i += length;
        if (byte == '\n') {
            ++line;
            line_start = i;
        }
    }
    return std::nullopt;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace geventd::config
