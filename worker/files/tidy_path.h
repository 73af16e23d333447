// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::worker {

/// Whether a decoded path may have a part "." or "..", or an empty one. Quick, and true for some
/// paths that have none.
inline bool needs_tidying(std::string_view path) {
    return path.find("/.") != std::string_view::npos || path.find("//") != std::string_view::npos;
}

/// Writes a decoded path without parts that are ".", ".." or empty into `tidied`; a slash at its
/// end stays. False: it leads above "/", or does not begin with a slash.
bool tidy_path(std::string_view path, std::string& tidied);

/// A path as it stands in a URL: percent-encoded where it must be.
std::string encode_path(std::string_view path);

}  // namespace geventd::worker
