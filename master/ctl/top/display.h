// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "master/ctl/top/screen.h"
#include "master/ctl/top/text_page.h"
#include "master/ctl/top/top_view.h"

namespace geventd::ctl {

/// What is on the screen of `geventctl top`, and what its keys do: the server at a glance or, over
/// it, a text: the stacks of greenlets or the help.
/// Lives in: geventctl, one in the process.
class Display {
  public:
    /// Borrows its arguments.
    Display(Screen& screen, const std::string& socket, const TopState& state)
        : screen_(screen), socket_(socket), state_(state) {}

    /// Shows the state and obeys keys for that time. False when the user wants to quit.
    bool show_for(std::chrono::milliseconds time);

  private:
    bool obey(const Screen::Input& input);
    bool obey_letter(char letter);
    void scroll(TextPage::Move move);
    void show_stacks(std::string title, const std::string& of);

    Screen& screen_;
    const std::string& socket_;
    const TopState& state_;
    std::optional<TextPage> page_;
};

}  // namespace geventd::ctl
