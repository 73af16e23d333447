// SPDX-License-Identifier: MIT
#include "worker/files/hashed_name.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace geventd::worker {

namespace {

constexpr std::size_t kShortestHash = 8;

bool is_number(char byte) {
    return byte >= '0' && byte <= '9';
}

bool is_letter(char byte) {
    return byte >= 'a' && byte <= 'f';
}

bool is_hash(std::string_view part) {
    return part.size() >= kShortestHash &&
           std::all_of(part.begin(), part.end(),
                       [](char byte) { return is_number(byte) || is_letter(byte); }) &&
           std::any_of(part.begin(), part.end(), is_number) &&
           std::any_of(part.begin(), part.end(), is_letter);
}

// Whether a UUID begins there: 8-4-4-4-12 digits.
bool begins_with_uuid(std::string_view text) {
    constexpr std::array<std::size_t, 4> kDashes{8, 13, 18, 23};
    constexpr std::size_t kSize = 36;
    if (text.size() < kSize) {
        return false;
    }
    for (std::size_t i = 0; i < kSize; ++i) {
        const bool dash = std::find(kDashes.begin(), kDashes.end(), i) != kDashes.end();
        const bool fine = dash ? text[i] == '-' : is_number(text[i]) || is_letter(text[i]);
        if (!fine) {
            return false;
        }
    }
    return true;
}

bool is_small(char byte) {
    return byte >= 'a' && byte <= 'z';
}

bool is_capital(char byte) {
    return byte >= 'A' && byte <= 'Z';
}

// Whether these are eight characters that no word has: small and capital letters, and a number that
// a letter follows.
bool is_base64_hash(std::string_view part) {
    bool has_number_inside = false;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const char byte = part[i];
        const bool is_sign = byte == '-' || byte == '_';
        if (!is_small(byte) && !is_capital(byte) && !is_number(byte) && !is_sign) {
            return false;
        }
        const char next = i + 1 < part.size() ? part[i + 1] : '-';
        has_number_inside =
            has_number_inside || (is_number(byte) && (is_small(next) || is_capital(next)));
    }
    return has_number_inside && std::any_of(part.begin(), part.end(), is_small) &&
           std::any_of(part.begin(), part.end(), is_capital);
}

// As Vite and Rollup write it: "index-BfH2a9_x.js".
bool ends_with_base64_hash(std::string_view name) {
    const std::size_t dot = name.find('.');
    const std::string_view stem = name.substr(0, dot);
    return dot != std::string_view::npos && stem.size() > kShortestHash + 1 &&
           stem[stem.size() - kShortestHash - 1] == '-' &&
           is_base64_hash(stem.substr(stem.size() - kShortestHash));
}

}  // namespace

bool has_hash(std::string_view name) {
    if (ends_with_base64_hash(name)) {
        return true;
    }
    constexpr std::size_t kUuid = 36;
    while (!name.empty()) {
        if (begins_with_uuid(name)) {
            name.remove_prefix(kUuid);
        }
        const std::size_t end = std::min(name.find_first_of(".-_"), name.size());
        if (is_hash(name.substr(0, end))) {
            return true;
        }
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return false;
}

}  // namespace geventd::worker
