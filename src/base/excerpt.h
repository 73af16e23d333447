// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace geventd {

/// The text itself when it has at most `most` bytes. Else its beginning and its end, half of `most`
/// each, and between them a line that says how many bytes were left out. No character of UTF-8 is
/// cut into pieces.
std::string excerpt(std::string text, std::size_t most);

}  // namespace geventd
