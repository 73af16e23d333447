// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::cli {

/// The text within single quotes; each quote in it becomes `inner_quote`.
std::string quote(std::string_view text, std::string_view inner_quote);

/// The text as a word of a shell's command line.
std::string shell_word(std::string_view text);

}  // namespace geventd::cli
