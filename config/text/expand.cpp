// SPDX-License-Identifier: MIT
#include "config/text/expand.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <fmt/core.h>

namespace geventd::config {

namespace {

bool is_variable_name(std::string_view name) {
    const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
           std::all_of(name.begin(), name.end(), is_word);
}

/// `reference` is the text between the braces.
Result<std::string> look_up(std::string_view reference, const Environment& environment) {
    const auto separator = reference.find(":-");
    const std::string name(reference.substr(0, separator));
    if (!is_variable_name(name)) {
        return failure(
            fmt::format("'${{{}}}' names no variable, expected ${{NAME}} or "
                        "${{NAME:-default}} (write $${{ for a literal ${{)",
                        reference));
    }
    const auto value = environment(name);
    if (separator != std::string_view::npos) {
        return value && !value->empty() ? *value : std::string(reference.substr(separator + 2));
    }
    if (!value) {
        return failure(
            fmt::format("the environment variable {} is not set, expected it, or a "
                        "default as in ${{{}:-default}}",
                        name, name));
    }
    return *value;
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

Result<std::string> expand(std::string_view text, const Environment& environment) {
    std::string result;
    while (true) {
        const auto start = text.find("${");
        if (start == std::string_view::npos) {
            return result.append(text);
        }
        if (start > 0 && text[start - 1] == '$') {
            result.append(text.substr(0, start)).append("{");
            text.remove_prefix(start + 2);
            continue;
        }
        result.append(text.substr(0, start));
        const auto end = text.find('}', start);
        if (end == std::string_view::npos) {
            return failure(
                fmt::format("'{}' is not closed, expected a '}}' (write $${{ for a "
                            "literal ${{)",
                            text.substr(start)));
        }
        auto value = look_up(text.substr(start + 2, end - start - 2), environment);
        if (!value) {
            return value;
        }
        result.append(*value);
        text.remove_prefix(end + 1);
    }
}

std::string find_bare_variable(std::string_view text) {
    for (auto dollar = text.find('$'); dollar != std::string_view::npos;
         dollar = text.find('$', dollar + 1)) {
        std::size_t end = dollar + 1;
        while (end < text.size() && is_variable_name(text.substr(dollar + 1, end - dollar))) {
            ++end;
        }
        if (end > dollar + 1) {
            return std::string(text.substr(dollar + 1, end - dollar - 1));
        }
    }
    return "";
}

bool has_expansion(std::string_view text) {
    return text.find("${") != std::string_view::npos;
}

}  // namespace geventd::config
