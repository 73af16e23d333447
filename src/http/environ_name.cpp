// SPDX-License-Identifier: MIT
#include "http/environ_name.h"

#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr char to_environ(char byte) {
    if (byte == '-') {
        return '_';
    }
    return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - ('a' - 'A')) : byte;
}

}  // namespace

std::optional<std::string> header_to_environ_name(std::string_view name) {
    if (name.find('_') != std::string_view::npos || equals_ignoring_case(name, "proxy")) {
        return std::nullopt;
    }
    const bool is_content =
        equals_ignoring_case(name, "content-type") || equals_ignoring_case(name, "content-length");
    std::string key = is_content ? "" : "HTTP_";
    key.reserve(key.size() + name.size());
    for (const char byte : name) {
        key.push_back(to_environ(byte));
    }
    return key;
}

}  // namespace geventd::http
