// SPDX-License-Identifier: MIT
#include "master/ctl/top/top_view.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/core.h>

#include "log/escape.h"
#include "master/ctl/top/worker_columns.h"
#include "master/ctl/view/quantities.h"

namespace geventd::ctl {

namespace {

using Line = Sheet::Line;

constexpr std::size_t kLabel = 12;
constexpr std::size_t kValue = 9;
constexpr std::size_t kScale = 8;
constexpr std::size_t kShortest = 12;  // of a path that is worth showing

std::string duration(const Document& value) {
    const auto seconds = value.number();
    return seconds ? format_duration(*seconds) : "-";
}

std::string bytes(const Document& value) {
    const auto number = value.number();
    return number && *number >= 0 ? format_bytes(static_cast<std::uint64_t>(*number)) : "-";
}

double number(const Document& value) {
    return value.number().value_or(0);
}

double sum_of(const std::vector<Document>& objects, const char* key) {
    double sum = 0;
    for (const Document& object : objects) {
        sum += number(object[key]);
    }
    return sum;
}

// The configuration's path gets what room the rest leaves, and loses its beginning first.
Line draw_head(const TopState& state, std::size_t width) {
    const Document& status = state.status;
    const std::string program = "geventd " + status["version"].text();
    const std::string process = fmt::format("  pid {}  up {}  ", status["pid"].text(),
                                            format_age(number(status["uptime"])));
    const std::string text = state.fault.empty() ? status["state"].text() : "does not answer";
    const std::string keys = "  ? help  s stacks  q quit";
    std::string config = status["config"].text() + "  ";
    const std::size_t used = program.size() + process.size() + text.size() + keys.size();
    if (used + config.size() > width) {
        const std::size_t room = width > used + kShortest ? width - used - 3 : 0;
        config =
            room == 0 ? "" : "..." + config.substr(config.size() - std::min(config.size(), room));
    }
    return {{program, Style::Strong},
            {process + config},
            {text, text == "running" ? Style::Good : Style::Warning},
            {keys, Style::Faint}};
}

/// A figure with the curve of its past values.
struct Figure {
    const char* name;
    std::string value;
    double (*past)(const Document& point);
    std::string (*text)(double value);  ///< of the curve's scale
};

/// What is left of a line for the curve, between the figure and the scale.
std::size_t curve_width(std::size_t width, const std::string& figure) {
    const std::size_t around = figure.size() + 2 + kScale;
    return width > around ? width - around : 0;
}

Line figure_titles(std::size_t width) {
    const std::string head = fmt::format("{:<{}} {:>{}}  ", "", kLabel, "NOW", kValue);
    const std::size_t room = curve_width(width, head);
    const std::string curve = fmt::format("THE LAST {} SECONDS", room);
    return {{fmt::format("{}{:<{}}  {:>{}}", head, curve.size() <= room ? curve : "", room, "TOP",
                         kScale),
             Style::Title}};
}

Line draw_figure(const Figure& figure, const TopState& state, const Glyphs& glyphs,
                 std::size_t width) {
    const std::string head =
        fmt::format("{:<{}} {:>{}}  ", figure.name, kLabel, figure.value, kValue);
    const std::size_t room = curve_width(width, head);
    std::vector<double> values;
    const std::size_t shown = std::min(state.points.size(), room);
    for (std::size_t index = state.points.size() - shown; index < state.points.size(); ++index) {
        values.push_back(figure.past(state.points[index]));
    }
    const double top = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    return {
        {head},
        {draw_curve(glyphs, values, room), Style::Good},
        {fmt::format("{:{}}  {:>{}}", "", room - shown, figure.text(top), kScale), Style::Faint}};
}

std::string whole(double value) {
    return fmt::format("{:.0f}", value);
}

std::string rate(double value) {
    return format_rate(value);
}

std::string time_of(double seconds) {
    return seconds > 0 ? format_duration(seconds) : "-";
}

std::string size_of(double bytes) {
    return format_bytes(static_cast<std::uint64_t>(std::max(bytes, 0.0)));
}

std::vector<Figure> figures(const Document& status) {
    const std::vector<Document> workers = status["workers"].objects();
    const Document traffic = status["traffic"];
    std::optional<double> lag;
    for (const Document& worker : workers) {
        lag = std::max(lag, std::max(worker["hub_lag"].number(), worker["hub_blocked"].number()));
    }
    return {
        {"requests/s", format_rate(traffic["rate"].number()),
         [](const Document& point) { return number(point["rate"]); }, rate},
        {"errors/s", format_rate(traffic["errors"].number()),
         [](const Document& point) { return number(point["errors"]); }, rate},
        {"p50 latency", duration(traffic["latency"]["p50"]),
         [](const Document& point) { return number(point["latency"]["p50"]); }, time_of},
        {"p99 latency", duration(traffic["latency"]["p99"]),
         [](const Document& point) { return number(point["latency"]["p99"]); }, time_of},
        {"cores busy",
         fmt::format("{:.0f}/{:.0f}", sum_of(workers, "cores_busy"), sum_of(workers, "cores")),
         [](const Document& point) { return number(point["cores_busy"]); }, whole},
        {"hub lag", lag ? format_duration(*lag) : "-",
         [](const Document& point) { return number(point["hub_lag"]); }, time_of},
        {"memory", bytes(status["pss"]), [](const Document& point) { return number(point["rss"]); },
         size_of},
        {"connections", fmt::format("{:.0f}", sum_of(workers, "connections")),
         [](const Document& point) { return number(point["connections"]); }, whole},
    };
}

// The number is the key that shows the request's stack.
Line draw_request(const Document& request, std::size_t number) {
    const bool waits = request["core"].is_null();
    const bool computes = request["computes"].text() == "true";
    return {
        {fmt::format("{:>2} {:>7} {:>6}  {:<16} ", number > 9 ? "" : std::to_string(number),
                     duration(request["age"]), request["worker"].text(), request["client"].text())},
        {waits      ? "waits "
         : computes ? "computes "
                    : "",
         Style::Warning},
        {fmt::format("{} {}", request["method"].text(), request["path"].text())}};
}

Line request_titles(const Document& requests) {
    return {{fmt::format("{:>2} {:>7} {:>6}  {:<16} REQUEST ({} in flight)", "", "AGE", "WORKER",
                         "CLIENT", requests["total"].text()),
             Style::Title}};
}

// Shows as many workers as fit; the last line says how many do not.
void add_workers(Sheet& sheet, const std::vector<Document>& workers, const Glyphs& glyphs,
                 std::size_t width, std::size_t room) {
    const WorkerColumns columns(width);
    const std::size_t shown =
        workers.size() <= room ? workers.size() : std::max<std::size_t>(room, 1) - 1;
    for (std::size_t index = 0; index < shown; ++index) {
        sheet.lines.push_back(columns.draw(workers[index], glyphs));
    }
    if (shown < workers.size()) {
        sheet.lines.push_back(
            {{fmt::format("{:>6} more workers", workers.size() - shown), Style::Faint}});
    }
}

}  // namespace

Sheet draw_top(const TopState& state, const Glyphs& glyphs, std::size_t width, std::size_t height) {
    constexpr std::size_t kRequests = 5;  // rows kept free for requests
    Sheet sheet;
    sheet.lines.push_back(draw_head(state, width));
    sheet.lines.push_back(figure_titles(width));
    for (const Figure& figure : figures(state.status)) {
        sheet.lines.push_back(draw_figure(figure, state, glyphs, width));
    }
    sheet.lines.push_back({{log::escape_controls(state.fault), Style::Bad}});
    sheet.lines.push_back(WorkerColumns(width).titles());
    const auto left = [&] { return height > sheet.lines.size() ? height - sheet.lines.size() : 0; };
    add_workers(sheet, state.status["workers"].objects(), glyphs, width,
                left() > kRequests + 3 ? left() - kRequests - 2 : left());
    const std::vector<Document> requests = state.requests["requests"].objects();
    if (left() > 2) {
        sheet.lines.emplace_back();
        sheet.lines.push_back(request_titles(state.requests));
        for (std::size_t index = 0; index < requests.size() && left() > 0; ++index) {
            sheet.lines.push_back(draw_request(requests[index], index + 1));
        }
    }
    sheet.lines.resize(std::min(sheet.lines.size(), height));
    return sheet;
}

}  // namespace geventd::ctl
