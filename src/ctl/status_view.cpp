// SPDX-License-Identifier: MIT
#include "ctl/status_view.h"

#include <array>
#include <optional>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "ctl/text_table.h"
#include "log/escape.h"

namespace geventd::ctl {

namespace {

// Ordered: documents are printed with their members as the server wrote them.
using Json = nlohmann::ordered_json;
using Align = TextTable::Align;

Json parse(std::string_view document) {
    return Json::parse(document, nullptr, false);
}

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) {
        return "-";
    }
    if (found->is_string()) {
        return log::escape_controls(found->get<std::string>());
    }
    return found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string age_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? format_age(found->get<double>()) : "-";
}

std::string bytes_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned()
               ? format_bytes(found->get<std::uint64_t>())
               : "-";
}

/// The objects of an array member; empty when there is none.
std::vector<Json> objects_of(const Json& status, const char* key) {
    std::vector<Json> objects;
    const auto found = status.find(key);
    if (found != status.end() && found->is_array()) {
        for (const auto& item : *found) {
            if (item.is_object()) {
                objects.push_back(item);
            }
        }
    }
    return objects;
}

std::string format_server(const Json& status) {
    std::string text = fmt::format("geventd {}  pid {}  up {}", text_of(status, "version"),
                                   text_of(status, "pid"), age_of(status, "uptime"));
    if (const auto config = text_of(status, "config"); config != "-" && !config.empty()) {
        text += "  " + config;
    }
    if (const auto state = text_of(status, "state"); state == "stopping" || state == "paused") {
        text += "  " + state;
    }
    text += "\nlistening on ";
    std::string separator;
    for (const auto& address : status.value("listen", Json::array())) {
        text += separator;
        text += address.is_string() ? log::escape_controls(address.get<std::string>()) : "-";
        separator = ", ";
    }
    return text + "\n";
}

std::string format_generations(const Json& status) {
    TextTable table({{"GENERATION", Align::Right},
                     {"STATE"},
                     {"READY", Align::Right},
                     {"RESPAWNS", Align::Right},
                     {"TEMPLATE", Align::Right},
                     {"UP", Align::Right}});
    std::string errors;
    for (const auto& generation : objects_of(status, "generations")) {
        table.add(
            {text_of(generation, "number"), text_of(generation, "state"),
             text_of(generation, "workers_ready") + "/" + text_of(generation, "workers_wanted"),
             text_of(generation, "respawns"), text_of(generation, "template_pid"),
             age_of(generation, "uptime")});
        if (const auto error = text_of(generation, "last_error"); error != "-" && !error.empty()) {
            errors +=
                fmt::format("generation {}{}: {}\n", text_of(generation, "number"),
                            text_of(generation, "crash_looping") == "true" ? " dies again and again"
                                                                           : ", last error",
                            error);
        }
    }
    return table.format() + errors;
}

std::string format_workers(const Json& status) {
    TextTable table({{"WORKER", Align::Right},
                     {"PID", Align::Right},
                     {"GEN", Align::Right},
                     {"STATE"},
                     {"CORES", Align::Right},
                     {"PEAK", Align::Right},
                     {"QUEUED", Align::Right},
                     {"CONNS", Align::Right},
                     {"REQUESTS", Align::Right},
                     {"ERRORS", Align::Right},
                     {"UP", Align::Right},
                     {"RSS", Align::Right}});
    for (const auto& worker : objects_of(status, "workers")) {
        table.add({text_of(worker, "number"), text_of(worker, "pid"), text_of(worker, "generation"),
                   text_of(worker, "state"),
                   text_of(worker, "cores_busy") + "/" + text_of(worker, "cores"),
                   text_of(worker, "cores_peak"), text_of(worker, "queued"),
                   text_of(worker, "connections"), text_of(worker, "requests"),
                   text_of(worker, "errors"), age_of(worker, "uptime"), bytes_of(worker, "rss")});
    }
    return table.format();
}

std::string format_signals(const Json& status) {
    const std::vector<Json> signals = objects_of(status, "signals");
    if (signals.empty()) {
        return "";
    }
    TextTable table({{"SIGNAL", Align::Right},
                     {"ACCEPTED", Align::Right},
                     {"HANDLED", Align::Right},
                     {"FAILED", Align::Right},
                     {"REDELIVERED", Align::Right},
                     {"SET ASIDE", Align::Right},
                     {"REFUSED", Align::Right},
                     {"RUNNING", Align::Right},
                     {"WAITING", Align::Right},
                     {"OLDEST", Align::Right}});
    for (const auto& signal : signals) {
        table.add({text_of(signal, "number"), text_of(signal, "accepted"),
                   text_of(signal, "handled"), text_of(signal, "failed"),
                   text_of(signal, "redelivered"), text_of(signal, "set_aside"),
                   text_of(signal, "refused"), text_of(signal, "running"),
                   text_of(signal, "waiting"), age_of(signal, "oldest")});
    }
    return "\n" + table.format();
}

std::string format_locks(const Json& status) {
    std::string text;
    for (const auto& lock : objects_of(status, "locks")) {
        const std::string worker = text_of(lock, "worker");
        text += fmt::format("lock {}: {}, {} waiting\n", text_of(lock, "number"),
                            worker == "-" ? "free" : "held by worker " + worker,
                            text_of(lock, "waiting"));
    }
    return text.empty() ? text : "\n" + text;
}

std::string format_newest(const Json& status, const char* deed) {
    const auto reload = status.find(deed);
    if (reload == status.end() || !reload->is_object() || text_of(*reload, "result") == "none") {
        return "";
    }
    std::string text = fmt::format("\nlast {}: ", deed) + text_of(*reload, "result");
    if (const auto age = age_of(*reload, "age"); age != "-") {
        text += ", " + age + " ago";
    }
    const auto error = reload->find("error");
    if (error != reload->end() && error->is_string() &&
        !error->get_ref<const std::string&>().empty()) {
        text += "\n\t" + log::escape_lines(error->get<std::string>());
    }
    return text + "\n";
}

}  // namespace

Result<std::string> format_status(std::string_view document) {
    const Json status = parse(document);
    if (!status.is_object()) {
        return failure("the server's status cannot be read");
    }
    return format_server(status) + "\n" + format_generations(status) + "\n" +
           format_workers(status) + format_signals(status) + format_locks(status) +
           format_newest(status, "reload") + format_newest(status, "upgrade");
}

Result<std::string> format_json(std::string_view document) {
    const Json parsed = parse(document);
    if (parsed.is_discarded()) {
        return failure("the server's answer cannot be read");
    }
    return parsed.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string format_age(double seconds) {
    const auto whole = seconds > 0 ? static_cast<std::uint64_t>(seconds) : 0;
    if (whole < 60) {
        return fmt::format("{}s", whole);
    }
    if (whole < 3600) {
        return fmt::format("{}m{:02}s", whole / 60, whole % 60);
    }
    if (whole < 86400) {
        return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
    }
    return fmt::format("{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

std::string format_bytes(std::uint64_t bytes) {
    constexpr std::array kUnits{'K', 'M', 'G', 'T', 'P'};
    if (bytes < 1024) {
        return fmt::format("{}B", bytes);
    }
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f}{}", value, kUnits[unit]);
}

}  // namespace geventd::ctl
