// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace geventd {

/// Returns `text` if it has at most `most` bytes. Otherwise its beginning and its end, half of
/// `most` each, and between them a line that says how many bytes were left out. UTF-8 characters
/// are never split.
std::string excerpt(std::string text, std::size_t most);

}  // namespace geventd
