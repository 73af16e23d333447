// SPDX-License-Identifier: MIT
#include "master/ctl/top/worker_columns.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "master/ctl/view/quantities.h"

namespace geventd::ctl {

namespace {

constexpr std::size_t kBar = 12;

using Piece = Sheet::Piece;

Piece text_of(const Document& worker, const char* key) {
    return {worker[key].text()};
}

Piece duration_of(const Document& seconds) {
    const auto number = seconds.number();
    return {number ? format_duration(*number) : "-"};
}

Piece bytes_of(const Document& bytes) {
    const auto number = bytes.number();
    return {number && *number >= 0 ? format_bytes(static_cast<std::uint64_t>(*number)) : "-"};
}

Piece state_of(const Document& worker) {
    const std::string state = worker["state"].text();
    return {state, state == "ready" ? Style::Good : Style::Warning};
}

Piece cores_of(const Document& worker) {
    return {fmt::format("{:.0f}/{:.0f}", worker["cores_busy"].number().value_or(0),
                        worker["cores"].number().value_or(0))};
}

// While the hub is blocked, that counts, not the lag of its last answer.
Piece lag_of(const Document& worker) {
    return worker["hub_blocked"].number()
               ? Piece{duration_of(worker["hub_blocked"]).text + "!", Style::Bad}
               : duration_of(worker["hub_lag"]);
}

Piece bar_of(const Document& worker, const Glyphs& glyphs) {
    const double busy = worker["cores_busy"].number().value_or(0);
    const double cores = worker["cores"].number().value_or(0);
    return {draw_bar(glyphs, busy, cores, kBar),
            cores > 0 && busy >= cores ? Style::Bad : Style::Good};
}

struct Column {
    std::string_view title;
    std::size_t width;
    int rank;                               ///< the highest is left out first; 0: stays
    Piece (*cell)(const Document& worker);  ///< null: the bar
    bool is_left = false;
};

constexpr std::array kColumns{
    Column{"WORKER", 6, 0, [](const Document& worker) { return text_of(worker, "number"); }},
    Column{"PID", 7, 2, [](const Document& worker) { return text_of(worker, "pid"); }},
    Column{"GEN", 4, 5, [](const Document& worker) { return text_of(worker, "generation"); }},
    Column{"STATE", 8, 1, state_of, true},
    Column{"", kBar, 7, nullptr, true},
    Column{"CORES", 9, 0, cores_of},
    Column{"QUEUED", 6, 3, [](const Document& worker) { return text_of(worker, "queued"); }},
    Column{"REQ/S", 6, 0,
           [](const Document& worker) { return Piece{format_rate(worker["rate"].number())}; }},
    Column{"P50", 6, 4,
           [](const Document& worker) { return duration_of(worker["latency"]["p50"]); }},
    Column{"P99", 6, 0,
           [](const Document& worker) { return duration_of(worker["latency"]["p99"]); }},
    Column{"LAG", 6, 0, lag_of},
    Column{"SLICES", 7, 8, [](const Document& worker) { return text_of(worker, "slices"); }},
    Column{"RSS", 7, 6, [](const Document& worker) { return bytes_of(worker["rss"]); }},
    Column{"PSS", 7, 0, [](const Document& worker) { return bytes_of(worker["pss"]); }},
};

Piece aligned(const Column& column, const Piece& piece) {
    return {column.is_left ? fmt::format("{:<{}}", piece.text, column.width)
                           : fmt::format("{:>{}}", piece.text, column.width),
            piece.style};
}

}  // namespace

WorkerColumns::WorkerColumns(std::size_t width) {
    std::size_t used = 0;
    for (std::size_t index = 0; index < kColumns.size(); ++index) {
        shown_.push_back(index);
        used += kColumns.at(index).width + 1;
    }
    while (used > width + 1) {  // behind the last column there is no gap
        const auto least =
            std::max_element(shown_.begin(), shown_.end(), [](std::size_t one, std::size_t other) {
                return kColumns.at(one).rank < kColumns.at(other).rank;
            });
        if (kColumns.at(*least).rank == 0) {
            break;
        }
        used -= kColumns.at(*least).width + 1;
        shown_.erase(least);
    }
}

Sheet::Line WorkerColumns::titles() const {
    std::string text;
    for (const std::size_t index : shown_) {
        const Column& column = kColumns.at(index);
        text += text.empty() ? "" : " ";
        text += aligned(column, {std::string(column.title)}).text;
    }
    return {{text, Style::Title}};
}

Sheet::Line WorkerColumns::draw(const Document& worker, const Glyphs& glyphs) const {
    Sheet::Line line;
    for (const std::size_t index : shown_) {
        const Column& column = kColumns.at(index);
        if (!line.empty()) {
            line.push_back({" "});
        }
        line.push_back(column.cell == nullptr ? bar_of(worker, glyphs)
                                              : aligned(column, column.cell(worker)));
    }
    return line;
}

}  // namespace geventd::ctl
