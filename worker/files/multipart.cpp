// SPDX-License-Identifier: MIT
#include "worker/files/multipart.h"

#include <fmt/core.h>

#include "base/random_bits.h"
#include "worker/files/look_up.h"

namespace geventd::worker {

std::string make_boundary() {
    return fmt::format("{:016x}{:016x}", random_bits(), random_bits());
}

std::string make_multipart(const Variant& variant, const std::vector<http::ByteRange>& parts,
                           std::string_view type, std::string_view boundary) {
    std::string body;
    for (const http::ByteRange& part : parts) {
        body += fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n",
                            boundary, type, part.first, part.end - 1, variant.size);
        if (variant.is_held()) {
            body.append(variant.content, part.first, part.size());
        } else {
            body += read_part(variant.file.get(), part.first, part.size());
        }
    }
    return body + fmt::format("\r\n--{}--\r\n", boundary);
}

}  // namespace geventd::worker
