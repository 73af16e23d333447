// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace geventd::ctl {

enum class Style { Plain, Faint, Strong, Good, Warning, Bad, Title };

/// Text for a terminal, line by line, each line made of pieces with one style. Every character is
/// one column wide.
struct Sheet {
    struct Piece {
        std::string text;
        Style style = Style::Plain;
    };

    using Line = std::vector<Piece>;

    std::vector<Line> lines;
};

/// The characters for bars and curves: blocks if the terminal uses UTF-8, else ASCII.
struct Glyphs {
    std::vector<std::string_view> levels;  ///< characters of a curve, from lowest to highest
    std::string_view full;
    std::string_view empty;
};

const Glyphs& blocks();
const Glyphs& ascii();

/// A bar of `width` columns, filled in the proportion `part` to `whole`; a part above zero is
/// always visible.
std::string draw_bar(const Glyphs& glyphs, double part, double whole, std::size_t width);

/// A curve of the latest `width` values, one column each, scaled to the highest of them.
std::string draw_curve(const Glyphs& glyphs, std::span<const double> values, std::size_t width);

/// The first `width` characters of a UTF-8 text.
std::string cut(std::string_view text, std::size_t width);

}  // namespace geventd::ctl
