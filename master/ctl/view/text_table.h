// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace geventd::ctl {

/// Formats columns as wide as their widest cell, with two spaces between, within kTextWidth. Cells
/// are plain ASCII.
/// Lives in: geventctl.
class TextTable {
  public:
    enum class Align { Left, Right };

    struct Column {
        std::string_view title;
        Align align = Align::Left;
        bool needs_figures = false;  ///< left out while all its cells are "0" or "-"
        int rank = 0;  ///< in a table that is too wide the highest leaves first; 0: it stays
    };

    explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// `cells`: one for each column.
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

    /// The title line and the rows, each ended by a newline.
    [[nodiscard]] std::string format() const;

  private:
    [[nodiscard]] std::size_t width_of(std::size_t column) const;
    [[nodiscard]] bool is_needed(std::size_t column) const;
    [[nodiscard]] std::vector<std::size_t> shown_columns() const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace geventd::ctl
