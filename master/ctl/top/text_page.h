// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "master/ctl/top/sheet.h"

namespace geventd::ctl {

/// A text that is longer than the terminal, of which a part is shown: stacks, or the help.
class TextPage {
  public:
    /// `text` has no characters that a terminal obeys but ends of lines.
    TextPage(std::string title, std::string_view text);

    enum class Move { LineUp, LineDown, PageUp, PageDown };

    void scroll(Move move) noexcept;

    /// The title, the part of the text that fits below it, and the keys. Lines that are too long
    /// are continued on the next one.
    Sheet draw(std::size_t width, std::size_t height);

  private:
    std::string title_;
    std::vector<std::string> lines_;
    std::size_t first_ = 0;  ///< row of the terminal's first line
    std::size_t page_ = 1;   ///< rows that fitted at the last draw()
};

}  // namespace geventd::ctl
