// SPDX-License-Identifier: MIT
#include "cli/short_options.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/core.h>

#include "cli/shell_word.h"

namespace geventd::cli {

namespace {

std::string yaml_text(std::string_view text) {
    return quote(text, "''");
}

/// The address in geventd's words, as gunicorn's -b has others.
std::string address_of(const std::string& bind) {
    if (bind.starts_with("unix:")) {
        return "http+" + bind;
    }
    const bool has_scheme =
        bind.find("://") != std::string::npos || bind.find("+unix:") != std::string::npos;
    return has_scheme ? bind : "http://" + bind;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether -w has what uWSGI's means, a module of Python.
bool is_module(std::string_view text) {
    const bool begins_like_a_name =
        !text.empty() &&
        (std::isalpha(static_cast<unsigned char>(text.front())) != 0 || text.front() == '_');
    return begins_like_a_name && text != "auto" && !text.starts_with("cpus");
}

std::string say_convert(std::string_view what, const std::vector<std::string>& arguments) {
    std::string line = "geventctl convert -- uwsgi";
    for (const std::string& argument : arguments) {
        line.append(" ").append(shell_word(argument));
    }
    return fmt::format("{}; if this is uWSGI's command line, it is moved over by\n  {}", what,
                       line);
}

}  // namespace

std::vector<std::string> sets_of(const ShortOptions& options) {
    std::vector<std::string> sets;
    if (!options.application.empty()) {
        sets.push_back("app.module=" + yaml_text(options.application));
    }
    std::string addresses;
    for (const std::string& bind : options.binds) {
        addresses.append(addresses.empty() ? "" : ", ").append(yaml_text(address_of(bind)));
    }
    if (!addresses.empty()) {
        sets.push_back(fmt::format("listen=[{}]", addresses));
    }
    if (!options.processes.empty()) {
        sets.push_back("workers.processes=" + options.processes);
    }
    if (!options.cores.empty()) {
        sets.push_back("workers.cores=" + options.cores);
    }
    return sets;
}

std::string fault_of(const ShortOptions& options, const std::vector<std::string>& arguments) {
    const std::string& application = options.application;
    if (application.ends_with(".yaml") || application.ends_with(".yml")) {
        return fmt::format(
            "{0} is no application; name a configuration file with -c: geventd -c {0}",
            application);
    }
    if (is_module(options.processes)) {
        return say_convert(fmt::format("-w {0} is no number of processes, and an application needs "
                                       "no option: geventd {0}",
                                       options.processes),
                           arguments);
    }
    const auto number = std::find_if(options.binds.begin(), options.binds.end(), is_number);
    if (number != options.binds.end()) {
        return say_convert(
            fmt::format("-b {0} is no address, expected one such as -b :{0}", *number), arguments);
    }
    return "";
}

}  // namespace geventd::cli
