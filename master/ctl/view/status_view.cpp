// SPDX-License-Identifier: MIT
#include "master/ctl/view/status_view.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "log/escape.h"
#include "master/ctl/view/document.h"
#include "master/ctl/view/quantities.h"
#include "master/ctl/view/text_table.h"
#include "master/ctl/view/wrap.h"

namespace geventd::ctl {

namespace {

using Align = TextTable::Align;

constexpr bool kNeedsFigures = true;

std::string text_of(const Document& object, const char* key) {
    return object[key].text();
}

std::string age_of(const Document& object, const char* key) {
    const auto age = object[key].number();
    return age ? format_age(*age) : "-";
}

std::string bytes_of(const Document& object, const char* key) {
    const auto bytes = object[key].number();
    return bytes && *bytes >= 0 ? format_bytes(static_cast<std::uint64_t>(*bytes)) : "-";
}

std::string format_server(const Document& status) {
    std::string text = fmt::format("geventd {}  pid {}  up {}", text_of(status, "version"),
                                   text_of(status, "pid"), age_of(status, "uptime"));
    if (const auto config = text_of(status, "config"); config != "-" && !config.empty()) {
        text += "  " + config;
    }
    if (const auto state = text_of(status, "state"); state == "stopping" || state == "paused") {
        text += "  " + state;
    }
    std::vector<std::string> addresses;
    for (const Document& address : status["listen"].items()) {
        const std::string name = address.raw_text();
        addresses.push_back(name.empty() ? "-" : log::escape_controls(name));
    }
    return wrap(text) + (addresses.empty()
                             ? ""
                             : wrap(fmt::format("listening on {}", fmt::join(addresses, ", "))));
}

std::string duration_of(const Document& object, const char* key) {
    const auto seconds = object[key].number();
    return seconds ? format_duration(*seconds) : "-";
}

double sum_of(const std::vector<Document>& workers, const char* key) {
    double sum = 0;
    for (const Document& worker : workers) {
        sum += worker[key].number().value_or(0);
    }
    return sum;
}

// "3 requests wait": a part of a sentence, unless nothing is counted.
void add_count(std::vector<std::string>& parts, double count, std::string_view what) {
    if (count > 0) {
        parts.push_back(fmt::format("{:.0f} {}", count, what));
    }
}

std::string line_of(const std::vector<std::string>& parts, std::string_view begin = "") {
    return parts.empty() ? "" : wrap(fmt::format("{}{}", begin, fmt::join(parts, ", ")));
}

std::string format_queues(const Document& status) {
    std::vector<std::string> parts;
    for (const Document& queue : status["queues"].objects()) {
        if (queue["waiting"].number().value_or(0) > 0) {
            parts.push_back(fmt::format("{} of {} at {}", text_of(queue, "waiting"),
                                        text_of(queue, "most"), text_of(queue, "address")));
        }
    }
    return line_of(parts, "connections that wait to be accepted: ");
}

// Where more than one address uses a file, it is named once.
std::string format_certificates(const Document& status) {
    constexpr double kDay = 24 * 60 * 60;
    std::vector<std::string> files;
    std::vector<std::string> parts;
    for (const Document& certificate : status["certificates"].objects()) {
        const std::string file = text_of(certificate, "file");
        if (std::find(files.begin(), files.end(), file) != files.end()) {
            continue;
        }
        files.push_back(file);
        const double left = certificate["left"].number().value_or(0);
        parts.push_back(
            left < 0 ? fmt::format("{} has expired", file)
                     : fmt::format("{} expires in {:.0f} days", file, std::floor(left / kDay)));
    }
    return line_of(parts, "certificates: ");
}

// What has gone wrong in these workers.
std::string format_losses(const Document& status, const std::vector<Document>& workers) {
    std::vector<std::string> parts;
    add_count(parts, sum_of(workers, "errors"), "failed");
    add_count(parts, sum_of(workers, "timeouts"), "timed out");
    add_count(parts, sum_of(workers, "disconnects"), "lost their client");
    add_count(parts, sum_of(workers, "rejected"), "were refused");
    std::vector<std::string> dropped;
    add_count(dropped, sum_of(status["queues"].objects(), "dropped"),
              "connections found a full queue");
    return line_of(parts, "of these workers' requests ") + line_of(dropped);
}

// A summary of the whole server.
std::string format_load(const Document& status) {
    const std::vector<Document> workers = status["workers"].objects();
    const Document traffic = status["traffic"];
    if (!traffic.is_object()) {
        return "";
    }
    std::vector<std::string> load{fmt::format(
        "{:.0f} of {:.0f} cores busy", sum_of(workers, "cores_busy"), sum_of(workers, "cores"))};
    add_count(load, sum_of(workers, "queued"), "requests wait for one");
    load.push_back("memory " + bytes_of(status, "pss"));
    std::vector<std::string> rates{format_rate(traffic["rate"].number()) + " requests/s"};
    if (traffic["errors"].number().value_or(0) > 0) {
        rates.push_back(format_rate(traffic["errors"].number()) + " errors/s");
    }
    const Document latency = traffic["latency"];
    if (latency["p50"].number()) {
        rates.push_back(fmt::format("latency in the last minute p50 {}, p95 {}, p99 {}",
                                    duration_of(latency, "p50"), duration_of(latency, "p95"),
                                    duration_of(latency, "p99")));
    }
    return line_of(load) + line_of(rates) + format_queues(status) + format_certificates(status) +
           format_losses(status, workers);
}

std::string format_generations(const Document& status) {
    TextTable table({{"GENERATION", Align::Right},
                     {"STATE"},
                     {"READY", Align::Right},
                     {"RESPAWNS", Align::Right, kNeedsFigures},
                     {"TEMPLATE", Align::Right, kNeedsFigures},
                     {"UP", Align::Right}});
    std::string notes;
    for (const auto& generation : status["generations"].objects()) {
        table.add(
            {text_of(generation, "number"), text_of(generation, "state"),
             text_of(generation, "workers_ready") + "/" + text_of(generation, "workers_wanted"),
             text_of(generation, "respawns"), text_of(generation, "template_pid"),
             age_of(generation, "uptime")});
        if (const auto peers = text_of(generation, "connections"); peers != "-") {
            notes += wrap(
                fmt::format("generation {}: {} (loading the application opened connections: {})",
                            text_of(generation, "number"),
                            text_of(generation, "preload") == "true"
                                ? "workers share connections"
                                : "each worker loads the application for itself",
                            peers));
        }
        if (const auto error = text_of(generation, "last_error"); error != "-" && !error.empty()) {
            notes += wrap(fmt::format("generation {}{}: {}", text_of(generation, "number"),
                                      text_of(generation, "crash_looping") == "true"
                                          ? " dies again and again"
                                          : ", last error",
                                      error));
        }
    }
    return table.format() + notes;
}

// While the hub is blocked, its age counts, not the lag of its last answer.
std::string lag_of(const Document& worker) {
    return worker["hub_blocked"].is_null() ? duration_of(worker, "hub_lag")
                                           : duration_of(worker, "hub_blocked") + "!";
}

std::string format_workers(const Document& status) {
    const bool one_generation = status["generations"].items().size() < 2;
    TextTable table({{"WORKER", Align::Right},
                     {"PID", Align::Right},
                     {"GEN", Align::Right, kNeedsFigures},
                     {"STATE"},
                     {"CORES", Align::Right},
                     {"PEAK", Align::Right, kNeedsFigures, 4},
                     {"QUEUED", Align::Right, kNeedsFigures},
                     {"CONNS", Align::Right, kNeedsFigures, 2},
                     {"BG", Align::Right, kNeedsFigures, 3},
                     {"REQUESTS", Align::Right, kNeedsFigures, 1},
                     {"ERRORS", Align::Right, kNeedsFigures},
                     {"REQ/S", Align::Right, kNeedsFigures},
                     {"P99", Align::Right, kNeedsFigures},
                     {"LAG", Align::Right},
                     {"UP", Align::Right, false, 5},
                     {"PSS", Align::Right}});
    for (const auto& worker : status["workers"].objects()) {
        table.add({text_of(worker, "number"), text_of(worker, "pid"),
                   one_generation ? "-" : text_of(worker, "generation"), text_of(worker, "state"),
                   text_of(worker, "cores_busy") + "/" + text_of(worker, "cores"),
                   text_of(worker, "cores_peak"), text_of(worker, "queued"),
                   text_of(worker, "connections"), text_of(worker, "background"),
                   text_of(worker, "requests"), text_of(worker, "errors"),
                   format_rate(worker["rate"].number()), duration_of(worker["latency"], "p99"),
                   lag_of(worker), age_of(worker, "uptime"), bytes_of(worker, "pss")});
    }
    return table.format();
}

std::string format_signals(const Document& status) {
    const std::vector<Document> signals = status["signals"].objects();
    if (signals.empty()) {
        return "";
    }
    TextTable table({{"SIGNAL", Align::Right},
                     {"ACCEPTED", Align::Right},
                     {"HANDLED", Align::Right, kNeedsFigures},
                     {"FAILED", Align::Right, kNeedsFigures},
                     {"REDELIVERED", Align::Right, kNeedsFigures, 2},
                     {"SET ASIDE", Align::Right, kNeedsFigures},
                     {"REFUSED", Align::Right, kNeedsFigures},
                     {"RUNNING", Align::Right, kNeedsFigures, 1},
                     {"WAITING", Align::Right, kNeedsFigures},
                     {"OLDEST", Align::Right, kNeedsFigures, 3}});
    for (const auto& signal : signals) {
        table.add({text_of(signal, "number"), text_of(signal, "accepted"),
                   text_of(signal, "handled"), text_of(signal, "failed"),
                   text_of(signal, "redelivered"), text_of(signal, "set_aside"),
                   text_of(signal, "refused"), text_of(signal, "running"),
                   text_of(signal, "waiting"), age_of(signal, "oldest")});
    }
    return "\n" + table.format();
}

std::string format_locks(const Document& status) {
    std::string text;
    for (const auto& lock : status["locks"].objects()) {
        const std::string worker = text_of(lock, "worker");
        text += fmt::format("lock {}: {}{}, {} waiting\n", text_of(lock, "number"),
                            worker == "-" ? "free" : "held by worker " + worker,
                            text_of(lock, "left") == "true" ? ", though who took it has ended" : "",
                            text_of(lock, "waiting"));
    }
    return text.empty() ? text : "\n" + text;
}

// Counts that are above zero only after the application's code has damaged shared memory
// (docs/signals.md).
std::string format_damage(const Document& status) {
    const Document memory = status["signal_memory"];
    if (memory["replaced"].number().value_or(0) == 0) {
        return "";
    }
    return fmt::format(
        "\nthe memory of the signals was damaged and replaced: {}; signals lost: {}\n",
        text_of(memory, "replaced"), text_of(memory, "lost"));
}

std::string format_failures(const Document& status) {
    std::string text;
    for (const Document& failure : status["failures"].objects()) {
        text += wrap(fmt::format("{}  worker {}  {}", text_of(failure, "at"),
                                 text_of(failure, "worker"), text_of(failure, "request")));
        text +=
            wrap(fmt::format("    {} ({})", text_of(failure, "error"), text_of(failure, "where")));
    }
    return text.empty() ? text : "\nnewest failures:\n" + text;
}

std::string format_newest(const Document& status, const char* deed) {
    const Document reload = status[deed];
    if (!reload.is_object() || text_of(reload, "result") == "none") {
        return "";
    }
    std::string text = fmt::format("\nlast {}: ", deed) + text_of(reload, "result");
    if (const auto age = age_of(reload, "age"); age != "-") {
        text += ", " + age + " ago";
    }
    if (const std::string error = reload["error"].raw_text(); !error.empty()) {
        text += "\n\t" + log::escape_lines(error);
    }
    return text + "\n";
}

}  // namespace

Result<std::string> format_status(std::string_view document) {
    const auto status = Document::parse(document);
    if (!status || !status->is_object()) {
        return failure("the server's status cannot be read");
    }
    return format_server(*status) + format_load(*status) + "\n" + format_generations(*status) +
           "\n" + format_workers(*status) + format_signals(*status) + format_locks(*status) +
           format_damage(*status) + format_failures(*status) + format_newest(*status, "reload") +
           format_newest(*status, "upgrade");
}

Result<std::string> format_json(std::string_view document) {
    return Document::parse(document).map(
        [](const Document& parsed) { return parsed.pretty() + "\n"; });
}

}  // namespace geventd::ctl
