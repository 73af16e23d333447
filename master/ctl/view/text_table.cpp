// SPDX-License-Identifier: MIT
#include "master/ctl/view/text_table.h"

#include <algorithm>

#include <fmt/core.h>

#include "master/ctl/view/wrap.h"

namespace geventd::ctl {

namespace {

constexpr std::size_t kGap = 2;

}  // namespace

std::size_t TextTable::width_of(std::size_t column) const {
    std::size_t width = columns_[column].title.size();
    for (const auto& row : rows_) {
        width = std::max(width, row[column].size());
    }
    return width;
}

bool TextTable::is_needed(std::size_t column) const {
    return !columns_[column].needs_figures ||
           std::any_of(rows_.begin(), rows_.end(), [column](const auto& row) {
               return row[column] != "0" && row[column] != "-";
           });
}

std::vector<std::size_t> TextTable::shown_columns() const {
    std::vector<std::size_t> shown;
    std::size_t width = 0;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        if (is_needed(column)) {
            width += width_of(column) + (shown.empty() ? 0 : kGap);
            shown.push_back(column);
        }
    }
    while (width > kTextWidth) {
        const auto least = std::max_element(
            shown.begin(), shown.end(),
            [this](std::size_t a, std::size_t b) { return columns_[a].rank < columns_[b].rank; });
        if (columns_[*least].rank == 0) {
            break;
        }
        width -= width_of(*least) + kGap;
        shown.erase(least);
    }
    return shown;
}

std::string TextTable::format() const {
    std::vector<std::string> lines(rows_.size() + 1);
    for (const std::size_t column : shown_columns()) {
        const std::size_t width = width_of(column);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::string_view cell =
                i == 0 ? columns_[column].title : std::string_view(rows_[i - 1][column]);
            lines[i] += lines[i].empty() ? "" : std::string(kGap, ' ');
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
