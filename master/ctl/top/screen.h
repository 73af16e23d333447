// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "master/ctl/top/sheet.h"

// The C library's own name of its struct.
struct screen;

namespace geventd::ctl {

/// The terminal as a whole, by ncurses, until this object goes; it is as before then.
/// Lives in: geventctl, one in the process.
class Screen {
  public:
    /// Throws std::runtime_error when standard input and output are no terminal that can do it.
    Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen();

    struct Size {
        std::size_t width = 0;
        std::size_t height = 0;
    };

    [[nodiscard]] Size size() const;

    /// What this terminal can show.
    [[nodiscard]] const Glyphs& glyphs() const;

    /// Shows the sheet, cut to the terminal's size.
    void show(const Sheet& sheet) const;

    enum class Event { Key, Resized };

    /// Waits for a key or a change of the size; none when the time is over. `key` is set with Key.
    std::optional<Event> wait(std::chrono::milliseconds time, int& key);

  private:
    ::screen* terminal_;
};

}  // namespace geventd::ctl
