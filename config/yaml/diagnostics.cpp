// SPDX-License-Identifier: MIT
#include "config/yaml/diagnostics.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "log/escape.h"

namespace geventd::config {

namespace {

// Nobody reads more lines than this about a file that is wrong from end to end.
constexpr std::size_t kMostLines = 100;
constexpr std::size_t kMostFaults = 1000;

}  // namespace

Errors::Errors(std::vector<std::string> lines)
    : std::runtime_error(fmt::format("{}", fmt::join(lines, "\n"))), lines_(std::move(lines)) {}

int Diagnostics::add_source(std::string name, bool has_lines) {
    sources_.push_back({std::move(name), has_lines});
    return static_cast<int>(sources_.size()) - 1;
}

void Diagnostics::report(const Mark& mark, const std::string& path, const std::string& text) {
    if (!full()) {
        found_.push_back({mark, path, text});
    }
}

bool Diagnostics::full() const {
    return found_.size() >= kMostFaults;
}

bool Diagnostics::concerns(const std::string& path) const {
    return std::any_of(found_.begin(), found_.end(), [&](const Diagnostic& diagnostic) {
        if (!diagnostic.path.starts_with(path)) {
            return false;
        }
        const std::string_view rest = std::string_view(diagnostic.path).substr(path.size());
        return rest.empty() || rest.front() == '.' || rest.front() == '[';
    });
}

std::string Diagnostics::format(const Diagnostic& diagnostic) const {
    const Source& source = sources_.at(static_cast<std::size_t>(diagnostic.mark.source));
    std::string line = source.name;
    if (source.has_lines && diagnostic.mark.line > 0) {
        line += fmt::format(":{}:{}", diagnostic.mark.line, diagnostic.mark.column);
    }
    if (!diagnostic.path.empty()) {
        line += ": " + diagnostic.path;
    }
    // File and key names may contain control characters, which no terminal or log must interpret.
    return log::escape_controls(line + ": " + diagnostic.text);
}

void Diagnostics::throw_if_any() const {
    if (found_.empty()) {
        return;
    }
    std::vector<Diagnostic> sorted = found_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.mark.source, a.mark.line, a.mark.column) <
               std::tie(b.mark.source, b.mark.line, b.mark.column);
    });
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : sorted) {
        if (lines.size() == kMostLines) {
            lines.push_back(fmt::format("... and {} more", sorted.size() - kMostLines));
            break;
        }
        lines.push_back(format(diagnostic));
    }
    throw Errors(std::move(lines));
}

}  // namespace geventd::config
