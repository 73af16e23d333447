// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace geventd::config {

/// The first byte that is not allowed in a text file.
struct BinaryFault {
    int line = 0;    ///< from 1
    int column = 0;  ///< from 1, in bytes
    std::string what;
};

/// Finds the first invalid UTF-8, or control character other than tab and line ends.
std::optional<BinaryFault> find_binary(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace geventd::config
