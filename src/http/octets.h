// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace geventd::http {

/// The octet classes of RFC 9110 and RFC 3986 as one lookup table, and the text operations that
/// several parsers of this folder need. No locale, ASCII only.
enum Octet : unsigned char {
    kToken = 1,    ///< tchar: field names, methods
    kTarget = 2,   ///< visible ASCII except '#', and all bytes from 0x80
    kHost = 4,     ///< unreserved and sub-delims: a registered name
    kDigit = 8,    ///< 0-9
    kHex = 16,     ///< 0-9 a-f A-F
    kControl = 32  ///< not allowed in field values: C0 except HTAB, DEL
};

namespace detail {

constexpr bool contains(std::string_view set, char byte) {
    return set.find(byte) != std::string_view::npos;
}

constexpr unsigned when(bool member, Octet octet_class) {
    return member ? static_cast<unsigned>(octet_class) : 0U;
}

constexpr unsigned char classify(unsigned char byte) {
    const char text = static_cast<char>(byte);
    const bool digit = byte >= '0' && byte <= '9';
    const bool alpha = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const bool hex = digit || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    unsigned classes = 0;
    classes |= when(digit || alpha || contains("!#$%&'*+-.^_`|~", text), kToken);
    classes |= when(byte > 0x20 && byte != 0x7f && byte != '#', kTarget);
    classes |= when(digit || alpha || contains("-._~!$&'()*+,;=", text), kHost);
    classes |= when(digit, kDigit);
    classes |= when(hex, kHex);
    classes |= when((byte < 0x20 && byte != '\t') || byte == 0x7f, kControl);
    return static_cast<unsigned char>(classes);
}

constexpr std::array<unsigned char, 256> make_octets() {
    std::array<unsigned char, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = classify(static_cast<unsigned char>(i));
    }
    return table;
}

inline constexpr std::array<unsigned char, 256> kOctets = make_octets();

}  // namespace detail

constexpr bool is(Octet octet_class, char byte) {
    return (detail::kOctets[static_cast<unsigned char>(byte)] & octet_class) != 0;
}

/// Whether every byte is of the class; true for "".
constexpr bool all(Octet octet_class, std::string_view text) {
    unsigned common = octet_class;
    for (const char byte : text) {
        common &= detail::kOctets[static_cast<unsigned char>(byte)];
    }
    return common != 0;
}

constexpr char to_lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
}

/// REQUIRES: `lower` is in lower case.
constexpr bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (to_lower(text[i]) != lower[i]) {
            return false;
        }
    }
    return true;
}

constexpr bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/// Without leading and trailing spaces and tabs.
constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// Removes the first element from a comma-separated list and returns it trimmed; `list` keeps the
/// rest. Does not know quoted strings: for lists of tokens.
constexpr std::string_view next_element(std::string_view& list) {
    const std::size_t comma = list.find(',');
    const std::string_view element = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    return trim(element);
}

/// The value of a hexadecimal digit; -1 for anything else.
constexpr int hex_value(char byte) {
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    const char lower = to_lower(byte);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace geventd::http
