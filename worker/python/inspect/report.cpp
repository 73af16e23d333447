// SPDX-License-Identifier: MIT
#include "worker/python/inspect/report.h"

#include <chrono>

#include <fmt/core.h>

#include "log/escape.h"

namespace geventd::py {

namespace {

constexpr std::size_t kMostText = 64 << 10;

std::string_view name_of(Subject::Kind kind) {
    switch (kind) {
        case Subject::Kind::Request:
            return "request";
        case Subject::Kind::Handler:
            return "handler";
        case Subject::Kind::Background:
            return "background";
        case Subject::Kind::Raw:
            return "raw";
        case Subject::Kind::Hub:
            return "hub";
        case Subject::Kind::Main:
            return "main";
        case Subject::Kind::Thread:
            return "thread";
    }
    return "";
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

// A JSON string, or null for "".
std::string quoted(const std::string& text) {
    return text.empty() ? "null" : fmt::format("\"{}\"", log::escape_json(text));
}

std::string to_json(const Subject& subject) {
    const std::string age =
        subject.age < Duration::zero() ? "null" : fmt::format("{:.3f}", seconds(subject.age));
    return fmt::format(
        R"({{"kind":"{}","name":{},"state":"{}","request":{},"age":{},"spawned":{},"stack":{}}})",
        name_of(subject.kind), quoted(subject.name), subject.is_running ? "running" : "parked",
        quoted(subject.request), age, quoted(subject.spawned), subject.stack);
}

std::string to_json(const std::vector<Call>& stack) {
    std::string json = "[";
    for (const Call& call : stack) {
        json +=
            fmt::format(R"({}{{"file":{},"line":{},"function":{}}})", json.size() > 1 ? "," : "",
                        quoted(call.file), call.line, quoted(call.function));
    }
    return json + "]";
}

template <typename Items>
std::string list_of(const Items& items) {
    std::string json = "[";
    for (const auto& item : items) {
        json += json.size() > 1 ? "," : "";
        json += to_json(item);
    }
    return json + "]";
}

}  // namespace

std::string to_json(const Report& report) {
    return fmt::format(R"({{"greenlets":{},"stacks":{}}})", list_of(report.subjects),
                       list_of(report.stacks));
}

std::string to_text(const Report& report) {
    std::string text;
    for (const Subject& subject : report.subjects) {
        if (text.size() > kMostText) {
            return text + "  and more\n";
        }
        text += fmt::format("  {} (request {}), {:.1f} s{}:\n", subject.name, subject.request,
                            seconds(subject.age), subject.is_running ? ", running" : "");
        for (const Call& call : report.stacks[subject.stack]) {
            text += fmt::format("    File \"{}\", line {}, in {}\n", call.file, call.line,
                                call.function);
        }
    }
    return text;
}

}  // namespace geventd::py
