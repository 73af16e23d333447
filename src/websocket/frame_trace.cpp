// SPDX-License-Identifier: MIT
#include "websocket/frame_trace.h"

#include <algorithm>

namespace geventd::websocket {

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr unsigned kClosing = 8;  ///< and greater: other frames that control the connection
constexpr unsigned kFinal = 0x80;

}  // namespace

void FrameTrace::pass(std::string_view bytes) {
    if (in_head_) {
        bytes.remove_prefix(pass_head(bytes));
    }
    while (!bytes.empty()) {
        bytes.remove_prefix(pass_to_boundary(bytes));
    }
}

std::size_t FrameTrace::pass_to_boundary(std::string_view bytes) {
    std::size_t passed = 0;
    do {
        if (left_ > 0) {
            const std::uint64_t count = std::min<std::uint64_t>(left_, bytes.size() - passed);
            left_ -= count;
            passed += static_cast<std::size_t>(count);
            continue;
        }
        header_[have_++] = static_cast<std::uint8_t>(bytes[passed++]);
        is_broken_ = is_broken_ || breaks_rules();
        if (have_ >= 2 && have_ == header_size()) {
            begin_payload();
        }
    } while (passed < bytes.size() && !at_boundary());
    return passed;
}

std::size_t FrameTrace::pass_head(std::string_view bytes) {
    std::size_t used = 0;
    while (in_head_ && used < bytes.size()) {
        const char byte = bytes[used++];
        if (byte == kEndOfHead[ends_]) {
            in_head_ = ++ends_ < kEndOfHead.size();
        } else {
            ends_ = byte == kEndOfHead.front() ? 1 : 0;
        }
    }
    return used;
}

// With at least two bytes of it.
std::size_t FrameTrace::header_size() const {
    const unsigned length = header_[1] & 0x7fU;
    const std::size_t extra = length == 127 ? 8 : length == 126 ? 2 : 0;
    return 2 + extra + ((header_[1] & 0x80U) != 0 ? 4 : 0);
}

// Asked with each byte of it.
bool FrameTrace::breaks_rules() const {
    const unsigned length = header_[1] & 0x7fU;
    if (have_ == 2) {
        const bool controls = (header_[0] & 0x0fU) >= kClosing;
        return controls && (length > 125 || (header_[0] & kFinal) == 0);
    }
    if (have_ == 4 && length == 126) {
        return header_[2] == 0 && header_[3] < 126;
    }
    if (have_ == 10 && length == 127) {
        const bool is_short = std::all_of(header_.begin() + 2, header_.begin() + 8,
                                          [](std::uint8_t byte) { return byte == 0; });
        return is_short || (header_[2] & 0x80U) != 0;
    }
    return false;
}

// What breaks the rules is no part of anything: it is refused as soon as that is seen.
bool is_part_of_close(std::string_view bytes) {
    const auto octet = [bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    if ((octet(0) & 0x0fU) != kClosing || (octet(0) & kFinal) == 0) {
        return false;
    }
    if (bytes.size() < 2) {
        return true;
    }
    const unsigned length = octet(1) & 0x7fU;
    const std::size_t mask = (octet(1) & 0x80U) != 0 ? 4 : 0;
    return length <= 125 && bytes.size() < 2 + mask + length;
}

void FrameTrace::begin_payload() {
    const unsigned length = header_[1] & 0x7fU;
    const std::size_t extra = length == 127 ? 8 : length == 126 ? 2 : 0;
    left_ = extra == 0 ? length : 0;
    for (std::size_t i = 0; i < extra; ++i) {
        left_ = (left_ << 8) | header_[2 + i];
    }
    const unsigned opcode = header_[0] & 0x0fU;
    is_closing_ = is_closing_ || opcode == kClosing;
    messages_ += (header_[0] & kFinal) != 0 && opcode < kClosing ? 1 : 0;
    have_ = 0;
}

}  // namespace geventd::websocket
