// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace geventd::worker {

/// One representation of a file: as it is, or compressed beforehand.
struct Variant {
    std::string_view coding;  ///< "br"; "": as it is
    UniqueFd file;            ///< none where all is in `content`
    std::uint64_t size = 0;
    std::int64_t modified = 0;
    std::string etag;           ///< with quotes
    std::string about_state;    ///< header lines of all answers: ETag, Last-Modified, Cache-Control
    std::string about_content;  ///< header lines of answers with a body, beside its length
    std::string content;        ///< all of a small file
    std::uint64_t warm = 0;     ///< so many of its first bytes were read a moment ago

    /// All of it is in `content`.
    [[nodiscard]] bool is_held() const { return !file; }
};

/// What was found at a path. Never changes once it is made. Shared by the cache and the answers
/// that are on their way.
struct Found {
    enum class Kind : std::uint8_t {
        File,
        Folder,     ///< its path needs a slash at its end
        Missing,    ///< nothing, or nothing that may be sent
        Forbidden,  ///< it may not be read, or is a folder without an index
        Failed,     ///< the system gave an error: `error`
    };

    Kind kind = Kind::Missing;
    int error = 0;
    std::vector<Variant> variants;  ///< of a File; the first is the file as it is
};

}  // namespace geventd::worker
