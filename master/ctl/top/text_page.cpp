// SPDX-License-Identifier: MIT
#include "master/ctl/top/text_page.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace geventd::ctl {

namespace {

/// The lines as rows of that width.
std::vector<std::string> fold(const std::vector<std::string>& lines, std::size_t width) {
    std::vector<std::string> rows;
    for (const std::string& line : lines) {
        std::string_view left = line;
        do {
            rows.push_back(cut(left, std::max<std::size_t>(width, 1)));
            left.remove_prefix(rows.back().size());
        } while (!left.empty());
    }
    return rows;
}

}  // namespace

TextPage::TextPage(std::string title, std::string_view text) : title_(std::move(title)) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines_.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void TextPage::scroll(Move move) noexcept {
    const std::size_t step = move == Move::PageUp || move == Move::PageDown ? page_ : 1;
    if (move == Move::LineDown || move == Move::PageDown) {
        first_ += step;  // draw() knows where the end is
    } else {
        first_ -= std::min(first_, step);
    }
}

Sheet TextPage::draw(std::size_t width, std::size_t height) {
    const std::vector<std::string> rows = fold(lines_, width);
    page_ = height > 3 ? height - 2 : 1;
    first_ = std::min(first_, rows.size() > page_ ? rows.size() - page_ : 0);
    const std::size_t end = std::min(first_ + page_, rows.size());
    Sheet sheet;
    sheet.lines.push_back({{title_, Style::Strong}});
    for (std::size_t row = first_; row < end; ++row) {
        sheet.lines.push_back({{rows[row]}});
    }
    sheet.lines.resize(page_ + 1);
    sheet.lines.push_back(
        {{fmt::format("lines {} to {} of {}; arrows and page keys scroll, q goes back",
                      std::min(first_ + 1, end), end, rows.size()),
          Style::Faint}});
    sheet.lines.resize(std::min(sheet.lines.size(), height));
    return sheet;
}

}  // namespace geventd::ctl
