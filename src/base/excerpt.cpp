// SPDX-License-Identifier: MIT
#include "base/excerpt.h"

#include <fmt/core.h>

namespace geventd {

namespace {

bool begins_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

}  // namespace

std::string excerpt(std::string text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    std::size_t head = most / 2;
    while (head > 0 && !begins_character(text[head])) {
        --head;
    }
    std::size_t tail = text.size() - most / 2;
    while (tail < text.size() && !begins_character(text[tail])) {
        ++tail;
    }
    text.replace(head, tail - head, fmt::format("\n[{} bytes are left out]\n", tail - head));
    return text;
}

}  // namespace geventd
