// SPDX-License-Identifier: MIT
#include "master/ctl/top/screen.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string_view>

#include <langinfo.h>

#define NCURSES_NOMACROS
#include <curses.h>

namespace geventd::ctl {

namespace {

enum Pair : std::int8_t { kGreen = 1, kYellow, kRed };

attr_t attributes_of(Style style) {
    switch (style) {
        case Style::Plain:
            return A_NORMAL;
        case Style::Faint:
            return A_DIM;
        case Style::Strong:
            return A_BOLD;
        case Style::Title:
            return A_REVERSE;
        case Style::Good:
            return static_cast<attr_t>(COLOR_PAIR(kGreen));
        case Style::Warning:
            return static_cast<attr_t>(COLOR_PAIR(kYellow));
        case Style::Bad:
            return static_cast<attr_t>(COLOR_PAIR(kRed)) | A_BOLD;
    }
    return A_NORMAL;
}

}  // namespace

Screen::Screen() {
    std::setlocale(LC_ALL, "");
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
        throw std::runtime_error("top needs a terminal; top --json prints a document a second");
    }
    terminal_ = ::newterm(nullptr, stdout, stdin);
    if (terminal_ == nullptr) {
        throw std::runtime_error("this terminal is of a kind that is not known here, see TERM");
    }
    ::cbreak();
    ::noecho();
    ::nonl();
    ::keypad(stdscr, true);
    ::curs_set(0);
    ::set_escdelay(50);  // milliseconds that tell the key from the beginning of others
    if (::has_colors()) {
        ::start_color();
        ::use_default_colors();
        ::init_pair(kGreen, COLOR_GREEN, -1);
        ::init_pair(kYellow, COLOR_YELLOW, -1);
        ::init_pair(kRed, COLOR_RED, -1);
    }
}

Screen::~Screen() {
    ::endwin();
    ::delscreen(terminal_);
}

Screen::Size Screen::size() const {
    return {static_cast<std::size_t>(std::max(::getmaxx(stdscr), 0)),
            static_cast<std::size_t>(std::max(::getmaxy(stdscr), 0))};
}

const Glyphs& Screen::glyphs() const {
    return std::string_view(::nl_langinfo(CODESET)) == "UTF-8" ? blocks() : ascii();
}

void Screen::show(const Sheet& sheet) const {
    const Size size = this->size();
    ::werase(stdscr);
    for (std::size_t row = 0; row < std::min(sheet.lines.size(), size.height); ++row) {
        std::size_t column = 0;
        for (const Sheet::Piece& piece : sheet.lines[row]) {
            const std::string text = cut(piece.text, size.width - column);
            ::wattrset(stdscr, static_cast<int>(attributes_of(piece.style)));
            ::mvwaddstr(stdscr, static_cast<int>(row), static_cast<int>(column), text.c_str());
            column = std::min(size.width, static_cast<std::size_t>(::getcurx(stdscr)));
            if (::getcury(stdscr) != static_cast<int>(row)) {
                break;  // the line is full
            }
        }
    }
    ::wattrset(stdscr, A_NORMAL);
    ::wrefresh(stdscr);
}

std::optional<Screen::Input> Screen::wait(std::chrono::milliseconds time) {
    ::wtimeout(stdscr, static_cast<int>(time.count()));
    const int key = ::wgetch(stdscr);
    if (key == ERR) {
        return std::nullopt;
    }
    if (key > ' ' && key <= '~') {
        return Input{Input::Kind::Character, static_cast<char>(std::tolower(key))};
    }
    switch (key) {
        case KEY_RESIZE:
            return Input{Input::Kind::Resized};
        case KEY_UP:
            return Input{Input::Kind::Up};
        case KEY_DOWN:
            return Input{Input::Kind::Down};
        case KEY_PPAGE:
            return Input{Input::Kind::PageUp};
        case KEY_NPAGE:
        case ' ':
            return Input{Input::Kind::PageDown};
        default:
            return Input{};
    }
}

}  // namespace geventd::ctl
