// SPDX-License-Identifier: MIT
#include "master/ctl/view/wrap.h"

#include <algorithm>

namespace geventd::ctl {

namespace {

constexpr std::string_view kIndent = "    ";

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char letter) {
        return (static_cast<unsigned char>(letter) & 0xc0U) != 0x80;  // begins a character
    }));
}

}  // namespace

std::string wrap(std::string_view line) {
    std::string text;
    std::size_t column = 0;
    while (!line.empty()) {
        // A word with the blanks before it, so that those between words stay as they are.
        const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
        const std::size_t end = std::min(line.find(' ', begin), line.size());
        std::string_view word = line.substr(0, end);
        line.remove_prefix(end);
        if (column > 0 && column + width_of(word) > kTextWidth) {
            text.append("\n").append(kIndent);
            column = kIndent.size();
            word.remove_prefix(begin);
        }
        text.append(word);
        column += width_of(word);
    }
    return text + "\n";
}

}  // namespace geventd::ctl
