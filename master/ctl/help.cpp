// SPDX-License-Identifier: MIT
#include "master/ctl/help.h"

#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/core.h>

#include "master/ctl/verbs.h"

namespace geventd::ctl {

namespace {

std::string all() {
    constexpr std::array kArguments{"geventctl", "--help"};
    return std::get<cli::Farewell>(
               cli::parse_geventctl(kArguments.size(), kArguments.data(), command_lines()))
        .text;
}

bool is_of_word(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0;
}

/// The manual without scdoc's marks: the stars, and the lines at the ends of words.
std::string plain(std::string_view manual) {
    std::string text;
    for (std::size_t i = 0; i < manual.size(); ++i) {
        const bool inside = i > 0 && i + 1 < manual.size() && is_of_word(manual[i - 1]) &&
                            is_of_word(manual[i + 1]);
        if (manual[i] != '*' && (manual[i] != '_' || inside)) {
            text += manual[i];
        }
    }
    return text;
}

}  // namespace

Result<void> print_help(const cli::GeventctlOptions& options) {
    if (options.arguments.empty()) {
        fmt::print("{}", all());
        return {};
    }
    const std::string& name = options.arguments.front();
    const Verb* const verb = find_verb(name);
    if (verb == nullptr) {
        return failure(fmt::format("there is no command {}; geventctl help lists all", name));
    }
    const std::string_view argument = verb->line.argument;
    fmt::print("geventctl {}{}{}\n{}\n", name, argument.empty() ? "" : " ", argument,
               plain(verb->manual));
    return {};
}

}  // namespace geventd::ctl
