// SPDX-License-Identifier: MIT
#include "master/ctl/top/display.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "log/escape.h"
#include "master/ctl/client/control_client.h"
#include "master/ctl/view/stacks_view.h"

namespace geventd::ctl {

namespace {

constexpr auto kPatience = std::chrono::seconds(5);

constexpr std::string_view kHelp = R"(
  s         where the greenlets of all workers stand
  1 to 9    where the request stands that has this number in the list
  ?         this help
  q         back, or out of top

The figures are those of the last ten seconds, latencies those of the last minute. Each column
of a curve is a second, the newest is on the right; TOP is what its highest column means.

CORES   cores that run a request, of those there are
QUEUED  requests that wait for a core
REQ/S   requests a second
P50     half of the requests took no longer
P99     99 of 100 requests took no longer
LAG     how late the hub turns to its greenlets; with ! it is blocked
RSS     memory, with all of what processes share
PSS     memory, with what they share divided among them

On a narrow terminal the bar is left out, then RSS, GEN, P50, QUEUED and PID.
)";

}  // namespace

bool Display::show_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (true) {
        const auto [width, height] = screen_.size();
        screen_.show(page_ ? page_->draw(width, height)
                           : draw_top(state_, screen_.glyphs(), width, height));
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        const auto input = left.count() > 0 ? screen_.wait(left) : std::nullopt;
        if (!input) {
            return true;
        }
        if (!obey(*input)) {
            return false;
        }
    }
}

// False when the user wants to quit.
bool Display::obey(const Screen::Input& input) {
    using Kind = Screen::Input::Kind;
    switch (input.kind) {
        case Kind::Character:
            return obey_letter(input.character);
        case Kind::Up:
            scroll(TextPage::Move::LineUp);
            break;
        case Kind::Down:
            scroll(TextPage::Move::LineDown);
            break;
        case Kind::PageUp:
            scroll(TextPage::Move::PageUp);
            break;
        case Kind::PageDown:
            scroll(TextPage::Move::PageDown);
            break;
        case Kind::Other:
            page_.reset();
            break;
        case Kind::Resized:
            break;
    }
    return true;
}

bool Display::obey_letter(char letter) {
    if (letter == 'q') {
        const bool was_open = page_.has_value();
        page_.reset();
        return was_open;
    }
    if (letter == '?' || letter == 'h') {
        page_.emplace("Keys and figures of geventctl top", kHelp);
    } else if (letter == 's') {
        show_stacks("Where the greenlets stand", "");
    } else if (letter >= '1' && letter <= '9') {
        const auto requests = state_.requests["requests"].objects();
        const auto index = static_cast<std::size_t>(letter - '1');
        if (index < requests.size()) {
            show_stacks(fmt::format("Where {} {} stands", requests[index]["method"].text(),
                                    requests[index]["path"].text()),
                        requests[index]["id"].text());
        }
    }
    return true;
}

void Display::scroll(TextPage::Move move) {
    if (page_) {
        page_->scroll(move);
    }
}

void Display::show_stacks(std::string title, const std::string& of) {
    const auto text = ask(socket_, {"stacks", {{"of", of}}}, kPatience).and_then(format_stacks);
    page_.emplace(std::move(title), text ? *text : log::escape_controls(text.error().message));
}

}  // namespace geventd::ctl
