// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace geventd::ctl {

enum class Style { Plain, Faint, Strong, Good, Warning, Bad, Title };

/// Text for a terminal, line by line, each in pieces of one style. Every character takes one
/// column.
struct Sheet {
    struct Piece {
        std::string text;
        Style style = Style::Plain;
    };

    using Line = std::vector<Piece>;

    std::vector<Line> lines;
};

/// What bars and curves are drawn with: blocks where the terminal knows UTF-8, else ASCII.
struct Glyphs {
    std::vector<std::string_view> levels;  ///< of a curve, from nothing to all
    std::string_view full;
    std::string_view empty;
};

const Glyphs& blocks();
const Glyphs& ascii();

/// `width` columns of which `part` of `whole` are full; a part that is not nothing shows.
std::string draw_bar(const Glyphs& glyphs, double part, double whole, std::size_t width);

/// The newest `width` values, a column each, as high as they are beside the highest of them; as
/// many columns as there are values.
std::string draw_curve(const Glyphs& glyphs, std::span<const double> values, std::size_t width);

/// The first `width` characters of a UTF-8 text.
std::string cut(std::string_view text, std::size_t width);

}  // namespace geventd::ctl
