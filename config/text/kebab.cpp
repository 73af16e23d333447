// SPDX-License-Identifier: MIT
#include "config/text/kebab.h"

#include <algorithm>
#include <cctype>

namespace geventd::config {

std::string to_kebab(std::string_view word) {
    std::string result(word);
    std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) {
        return c == '_' ? '-' : static_cast<char>(std::tolower(c));
    });
    return result;
}

}  // namespace geventd::config
