// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "master/ctl/top/sheet.h"

// ncurses' own struct for a screen.
struct screen;

namespace geventd::ctl {

/// Takes over the whole terminal by ncurses; the destructor restores it.
/// Lives in: geventctl, one in the process.
class Screen {
  public:
    /// Throws std::runtime_error when standard input and output are not a suitable terminal.
    Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen();

    struct Size {
        std::size_t width = 0;
        std::size_t height = 0;
    };

    [[nodiscard]] Size size() const;

    /// The characters that this terminal can show.
    [[nodiscard]] const Glyphs& glyphs() const;

    /// Shows the sheet, cut to the terminal's size.
    void show(const Sheet& sheet) const;

    /// What the user does.
    struct Input {
        enum class Kind { Resized, Character, Up, Down, PageUp, PageDown, Other };

        Kind kind = Kind::Other;
        char character = '\0';  ///< of Kind::Character, in lower case
    };

    /// Waits for a key or a change of size; nullopt at the timeout.
    std::optional<Input> wait(std::chrono::milliseconds time);

  private:
    ::screen* terminal_;
};

}  // namespace geventd::ctl
