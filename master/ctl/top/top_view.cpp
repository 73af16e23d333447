// SPDX-License-Identifier: MIT
#include "master/ctl/top/top_view.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/core.h>

#include "log/escape.h"
#include "master/ctl/view/quantities.h"

namespace geventd::ctl {

namespace {

using Line = Sheet::Line;

constexpr std::size_t kBar = 12;
constexpr std::size_t kLabel = 14;

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

bool is_blocked(const Document& worker) {
    return worker["hub_blocked"].number().has_value();
}

Line draw_head(const TopState& state) {
    const Document& status = state.status;
    Line line{{"geventd " + status["version"].text(), Style::Strong},
              {fmt::format("  pid {}  up {}  {}  ", status["pid"].text(),
                           format_age(number(status["uptime"])), status["config"].text())}};
    const std::string text = state.fault.empty() ? status["state"].text() : "does not answer";
    line.push_back({text, text == "running" ? Style::Good : Style::Warning});
    line.push_back({"  q quits", Style::Faint});
    return line;
}

/// A figure with the curve of its past values.
struct Figure {
    const char* name;
    std::string value;
    std::function<double(const Document& point)> curve;
};

Line draw_figure(const Figure& figure, const TopState& state, const Glyphs& glyphs,
                 std::size_t width) {
    const std::string head = fmt::format("{:<{}}{:>9}  ", figure.name, kLabel, figure.value);
    std::vector<double> values;
    for (const Document& point : state.points) {
        values.push_back(figure.curve(point));
    }
    const std::size_t room = width > head.size() ? width - head.size() : 0;
    return {{head}, {draw_curve(glyphs, values, room), Style::Good}};
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
         [](const Document& point) { return number(point["rate"]); }},
        {"errors/s", format_rate(traffic["errors"].number()),
         [](const Document& point) { return number(point["errors"]); }},
        {"p50 latency", duration(traffic["latency"]["p50"]),
         [](const Document& point) { return number(point["latency"]["p50"]); }},
        {"p99 latency", duration(traffic["latency"]["p99"]),
         [](const Document& point) { return number(point["latency"]["p99"]); }},
        {"cores busy",
         fmt::format("{:.0f}/{:.0f}", sum_of(workers, "cores_busy"), sum_of(workers, "cores")),
         [](const Document& point) { return number(point["cores_busy"]); }},
        {"hub lag", lag ? format_duration(*lag) : "-",
         [](const Document& point) { return number(point["hub_lag"]); }},
        {"memory", bytes(status["pss"]),
         [](const Document& point) { return number(point["rss"]); }},
        {"connections", fmt::format("{:.0f}", sum_of(workers, "connections")),
         [](const Document& point) { return number(point["connections"]); }},
    };
}

Line draw_worker(const Document& worker, const Glyphs& glyphs) {
    const double busy = number(worker["cores_busy"]);
    const double cores = number(worker["cores"]);
    const bool full = cores > 0 && busy >= cores;
    const std::string state = worker["state"].text();
    const std::string lag =
        is_blocked(worker) ? duration(worker["hub_blocked"]) + "!" : duration(worker["hub_lag"]);
    return {
        {fmt::format("{:>6} {:>7} {:>4} ", worker["number"].text(), worker["pid"].text(),
                     worker["generation"].text())},
        {fmt::format("{:<9}", state), state == "ready" ? Style::Good : Style::Warning},
        {draw_bar(glyphs, busy, cores, kBar), full ? Style::Bad : Style::Good},
        {fmt::format(" {:>9} {:>6} {:>8} {:>7} {:>7} ", fmt::format("{:.0f}/{:.0f}", busy, cores),
                     worker["queued"].text(), format_rate(worker["rate"].number()),
                     duration(worker["latency"]["p50"]), duration(worker["latency"]["p99"]))},
        {fmt::format("{:>7}", lag), is_blocked(worker) ? Style::Bad : Style::Plain},
        {fmt::format(" {:>8} {:>8}", bytes(worker["rss"]), bytes(worker["pss"]))},
    };
}

Line worker_titles() {
    return {{fmt::format("{:>6} {:>7} {:>4} {:<9}{:<{}} {:>9} {:>6} {:>8} {:>7} {:>7} {:>7} {:>8} "
                         "{:>8}",
                         "WORKER", "PID", "GEN", "STATE", "CORES", kBar, "", "QUEUED", "REQ/S",
                         "P50", "P99", "LAG", "RSS", "PSS"),
             Style::Title}};
}

Line draw_request(const Document& request) {
    const bool waits = request["core"].is_null();
    return {{fmt::format("{:>8} {:>6}  {:<16} ", duration(request["age"]), request["worker"].text(),
                         request["client"].text())},
            {waits ? "waits " : "", Style::Warning},
            {fmt::format("{} {}", request["method"].text(), request["path"].text())}};
}

Line request_titles(const Document& requests) {
    return {{fmt::format("{:>8} {:>6}  {:<16} REQUEST ({} in flight)", "AGE", "WORKER", "CLIENT",
                         requests["total"].text()),
             Style::Title}};
}

// Shows as many workers as fit; the last line says how many do not.
void add_workers(Sheet& sheet, const std::vector<Document>& workers, const Glyphs& glyphs,
                 std::size_t room) {
    const std::size_t shown =
        workers.size() <= room ? workers.size() : std::max<std::size_t>(room, 1) - 1;
    for (std::size_t index = 0; index < shown; ++index) {
        sheet.lines.push_back(draw_worker(workers[index], glyphs));
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
    sheet.lines.push_back(draw_head(state));
    for (const Figure& figure : figures(state.status)) {
        sheet.lines.push_back(draw_figure(figure, state, glyphs, width));
    }
    sheet.lines.push_back({{log::escape_controls(state.fault), Style::Bad}});
    sheet.lines.push_back(worker_titles());
    const auto left = [&] { return height > sheet.lines.size() ? height - sheet.lines.size() : 0; };
    add_workers(sheet, state.status["workers"].objects(), glyphs,
                left() > kRequests + 3 ? left() - kRequests - 2 : left());
    const std::vector<Document> requests = state.requests["requests"].objects();
    if (left() > 2) {
        sheet.lines.emplace_back();
        sheet.lines.push_back(request_titles(state.requests));
        for (std::size_t index = 0; index < requests.size() && left() > 0; ++index) {
            sheet.lines.push_back(draw_request(requests[index]));
        }
    }
    sheet.lines.resize(std::min(sheet.lines.size(), height));
    return sheet;
}

}  // namespace geventd::ctl
