// SPDX-License-Identifier: MIT
#include "master/ctl/top/sheet.h"

#include <algorithm>
#include <cmath>

namespace geventd::ctl {

const Glyphs& blocks() {
    static const Glyphs glyphs{{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, "█", "░"};
    return glyphs;
}

const Glyphs& ascii() {
    static const Glyphs glyphs{{" ", "_", ".", "-", "=", "+", "*", "%", "#"}, "#", "."};
    return glyphs;
}

std::string draw_bar(const Glyphs& glyphs, double part, double whole, std::size_t width) {
    std::size_t full = 0;
    if (part > 0 && whole > 0) {
        const double share = std::min(part / whole, 1.0);
        full = std::max<std::size_t>(
            static_cast<std::size_t>(std::lround(share * static_cast<double>(width))), 1);
    }
    std::string bar;
    for (std::size_t column = 0; column < width; ++column) {
        bar += column < full ? glyphs.full : glyphs.empty;
    }
    return bar;
}

std::string draw_curve(const Glyphs& glyphs, std::span<const double> values, std::size_t width) {
    values = values.last(std::min(values.size(), width));
    const double top = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    const auto highest = static_cast<double>(glyphs.levels.size() - 1);
    std::string curve;
    for (const double value : values) {
        const double level = top > 0 && value > 0 ? std::ceil(value / top * highest) : 0;
        curve += glyphs.levels[static_cast<std::size_t>(level)];
    }
    return curve;
}

std::string cut(std::string_view text, std::size_t width) {
    std::size_t end = 0;
    for (std::size_t columns = 0; end < text.size(); ++end) {
        const bool begins = (static_cast<unsigned char>(text[end]) & 0xc0U) != 0x80;
        if (begins && columns++ == width) {
            break;
        }
    }
    return std::string(text.substr(0, end));
}

}  // namespace geventd::ctl
