// SPDX-License-Identifier: MIT
#include "cli/shell_word.h"

#include <algorithm>
#include <cctype>

namespace geventd::cli {

std::string quote(std::string_view text, std::string_view inner_quote) {
    std::string quoted = "'";
    for (const char byte : text) {
        byte == '\'' ? quoted.append(inner_quote) : quoted.append(1, byte);
    }
    return quoted.append("'");
}

std::string shell_word(std::string_view text) {
    static constexpr std::string_view kPlain = "_@%+=:,./-";
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || kPlain.find(static_cast<char>(c)) != std::string_view::npos;
    });
    return plain ? std::string(text) : quote(text, "'\\''");
}

}  // namespace geventd::cli
