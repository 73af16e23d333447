// SPDX-License-Identifier: MIT
#include "websocket/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace geventd::websocket {

namespace {

/// What a first byte says of the character that it begins.
struct Lead {
    std::size_t more = 0;  ///< bytes that follow; 0: it cannot begin one
    unsigned char low = 0x80;
    unsigned char high = 0xbf;  ///< between which the second byte is
};

Lead lead(unsigned char byte) {
    if (byte >= 0xc2 && byte <= 0xdf) {
        return {.more = 1};
    }
    if (byte >= 0xe0 && byte <= 0xef) {
        const unsigned char low = byte == 0xe0 ? 0xa0 : 0x80;
        const unsigned char high = byte == 0xed ? 0x9f : 0xbf;
        return {2, low, high};
    }
    if (byte >= 0xf0 && byte <= 0xf4) {
        const unsigned char low = byte == 0xf0 ? 0x90 : 0x80;
        const unsigned char high = byte == 0xf4 ? 0x8f : 0xbf;
        return {3, low, high};
    }
    return {};
}

bool is_ascii_block(const char* bytes) {
    std::uint64_t block = 0;
    std::memcpy(&block, bytes, sizeof block);
    return (block & 0x8080'8080'8080'8080U) == 0;
}

// The length of the character at the beginning of `bytes`; 0 when it is none.
std::size_t character(std::string_view bytes) {
    const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (at(0) < 0x80) {
        return 1;
    }
    const Lead found = lead(at(0));
    if (found.more == 0 || bytes.size() <= found.more || at(1) < found.low || at(1) > found.high) {
        return 0;
    }
    for (std::size_t i = 2; i <= found.more; ++i) {
        if ((at(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return found.more + 1;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        if (bytes.size() >= 8 && is_ascii_block(bytes.data())) {
            bytes.remove_prefix(8);
            continue;
        }
        const std::size_t length = character(bytes);
        if (length == 0) {
            return false;
        }
        bytes.remove_prefix(length);
    }
    return true;
}

}  // namespace geventd::websocket
