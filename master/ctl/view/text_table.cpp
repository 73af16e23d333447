// SPDX-License-Identifier: MIT
#include "master/ctl/view/text_table.h"

#include <algorithm>

#include <fmt/core.h>

namespace geventd::ctl {

std::size_t TextTable::width_of(std::size_t column) const {
    std::size_t width = columns_[column].title.size();
    for (const auto& row : rows_) {
        width = std::max(width, row[column].size());
    }
    return width;
}

std::string TextTable::format() const {
    std::vector<std::string> lines(rows_.size() + 1);
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        const std::size_t width = width_of(column);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::string_view cell =
                i == 0 ? columns_[column].title : std::string_view(rows_[i - 1][column]);
            lines[i] += column == 0 ? "" : "  ";
            lines[i] += columns_[column].align == Align::Right ? fmt::format("{:>{}}", cell, width)
                                                               : fmt::format("{:<{}}", cell, width);
        }
    }
    std::string text;
    for (auto& line : lines) {
        line.erase(line.find_last_not_of(' ') + 1);
        text.append(line).push_back('\n');
    }
    return text;
}

}  // namespace geventd::ctl
