// SPDX-License-Identifier: MIT
//
// Any bytes as a path: decoding never makes it longer and never yields a NUL.
#include <algorithm>

#include "http/path.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using geventd::fuzz::require;
    const std::string_view path = geventd::fuzz::to_view(data, size);
    std::string decoded;
    if (geventd::http::decode_path(path, decoded).status == 0) {
        const auto escapes = static_cast<std::size_t>(std::count(path.begin(), path.end(), '%'));
        require(decoded.size() == path.size() - 2 * escapes);
        require(std::count(decoded.begin(), decoded.end(), '\0') ==
                std::count(path.begin(), path.end(), '\0'));
    }
    return 0;
}
