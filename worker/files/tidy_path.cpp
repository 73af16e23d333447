// SPDX-License-Identifier: MIT
#include "worker/files/tidy_path.h"

#include <algorithm>
#include <cstddef>

#include "http/octets.h"

namespace geventd::worker {

bool tidy_path(std::string_view path, std::string& tidied) {
    tidied.clear();
    if (path.empty() || path.front() != '/') {
        return false;
    }
    bool ends_with_name = false;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        path.remove_prefix(end);
        ends_with_name = !part.empty() && part != "." && part != "..";
        if (ends_with_name) {
            tidied.append("/").append(part);
        } else if (part == "..") {
            if (tidied.empty()) {
                return false;
            }
            tidied.resize(tidied.rfind('/'));
        }
    }
    if (!ends_with_name) {
        tidied.push_back('/');
    }
    return true;
}

std::string encode_path(std::string_view path) {
    constexpr std::string_view kHexDigits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(path.size());
    for (const char byte : path) {
        if (http::is(http::kHost, byte) || byte == '/' || byte == ':' || byte == '@') {
            encoded.push_back(byte);
            continue;
        }
        const auto value = static_cast<unsigned char>(byte);
        encoded.push_back('%');
        encoded.push_back(kHexDigits[value >> 4]);
        encoded.push_back(kHexDigits[value & 15]);
    }
    return encoded;
}

}  // namespace geventd::worker
