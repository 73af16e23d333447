// SPDX-License-Identifier: MIT
#include "config/overrides.h"

#include <optional>
#include <string_view>
#include <utility>

#include "config/yaml/reader.h"

namespace geventd::config {

namespace {

/// Nests a value under the keys of a dotted path.
std::optional<Node> nest(std::string_view path, Node value, const Mark& mark) {
    if (path.empty() || path.front() == '.' || path.back() == '.') {
        return std::nullopt;
    }
    while (!path.empty()) {
        const auto dot = path.rfind('.');
        const auto name = dot == std::string_view::npos ? path : path.substr(dot + 1);
        if (name.empty()) {
            return std::nullopt;
        }
        Node map{.kind = Node::Kind::Map, .mark = mark};
        map.entries.push_back({std::string(name), mark, std::move(value)});
        value = std::move(map);
        path = path.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return value;
}

/// Whether it is a YAML text in quotes.
bool is_quoted(std::string_view text) {
    const char quote = text.empty() ? '\0' : text.front();
    return (quote == '"' || quote == '\'') && text.size() > 1 &&
           text.find(quote, 1) == text.size() - 1;
}

/// Whether all of it is text: what begins as no YAML text may, such as a format of the access log,
/// what YAML would cut as a comment, and whatever the application gets as it is.
bool is_text(std::string_view path, std::string_view text) {
    constexpr std::string_view kNever = "%@`#&*!|>";
    constexpr std::string_view kQuotesAndBrackets = "\"'[{";
    if (path.starts_with("app.environment.")) {
        return !text.empty() && !is_quoted(text);
    }
    if (text.empty() || kQuotesAndBrackets.find(text.front()) != std::string_view::npos) {
        return false;
    }
    return kNever.find(text.front()) != std::string_view::npos ||
           text.find(" #") != std::string_view::npos || text.find("\t#") != std::string_view::npos;
}

std::string quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char byte : text) {
        quoted.append(byte == '\'' ? 2 : 1, byte);
    }
    return quoted + "'";
}

/// `otherwise`: the fault if the path is none.
void read_value(const Mark& mark, std::string_view path, const std::string& text,
                const std::string& otherwise, Settings& settings, Reading& reading) {
    auto value =
        read_yaml(is_text(path, text) ? quoted(text) : text, mark.source, reading.diagnostics);
    if (!value) {
        return;
    }
    value->mark = mark;
    const auto document = nest(path, std::move(*value), mark);
    if (!document) {
        reading.diagnostics.report(mark, "", otherwise);
        return;
    }
    read_settings(*document, settings, reading);
}

void read_variable(const std::string& name, std::string_view path, const std::string& text,
                   Settings& settings, Reading& reading) {
    const Mark mark{reading.diagnostics.add_source("the environment's " + name, false), 0, 0};
    read_value(mark, path, text, "names no key, expected one such as GEVENTD__WORKERS__CORES",
               settings, reading);
}

}  // namespace

void read_set(const std::string& text, Settings& settings, Reading& reading) {
    const Mark mark{reading.diagnostics.add_source("--set " + text, false), 0, 0};
    const auto equals = text.find('=');
    if (equals == std::string::npos || text.size() > kMaxYamlSize) {
        reading.diagnostics.report(mark, "", "expected KEY=VALUE");
        return;
    }
    read_value(mark, std::string_view(text).substr(0, equals), text.substr(equals + 1),
               "expected keys separated by single dots before the =", settings, reading);
}

void read_variables(const Variables& variables, Settings& settings, Reading& reading) {
    for (const auto& [name, text] : variables) {
        read_variable(name, key_of_variable(name), text, settings, reading);
    }
}

void read_platform(const Environment& environment, Settings& settings, Reading& reading) {
    const auto given = [&](const char* name) { return environment(name).value_or(""); };
    if (settings.listen.empty() && !reading.diagnostics.concerns("listen")) {
        const std::string port = given("PORT");
        read_variable("PORT", "listen", port.empty() ? "http://127.0.0.1:8000" : "http://:" + port,
                      settings, reading);
    }
    const std::string processes = given("WEB_CONCURRENCY");
    if (!processes.empty() && !reading.places.contains("workers.processes")) {
        read_variable("WEB_CONCURRENCY", "workers.processes", processes, settings, reading);
    }
}

}  // namespace geventd::config
