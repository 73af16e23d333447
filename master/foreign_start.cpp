// SPDX-License-Identifier: MIT
#include "master/foreign_start.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/shell_word.h"
#include "config/compat_uwsgi.h"
#include "log/escape.h"

namespace geventd::master {

namespace {

// Letters that only one of the three has. -b and -w are geventd's too.
constexpr std::string_view kUwsgiLetters = "sHMLTdlz";
constexpr std::string_view kGunicornLetters = "kDegun";
constexpr std::size_t kMostShown = 3;

/// What the words of a command line tell of the program that they were written for.
struct Clues {
    int uwsgi = 0;
    int gunicorn = 0;
    std::vector<std::string> options;  ///< those that were recognised
    std::string file;                  ///< a configuration file that is not YAML
    std::string starter;               ///< a file that may start one of the servers

    /// gunicorn's where the words are both servers'.
    [[nodiscard]] std::string_view server() const {
        return uwsgi == 0 && gunicorn == 0 ? "" : uwsgi > gunicorn ? "uWSGI" : "gunicorn";
    }
};

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void note(Clues& clues, std::string_view server, std::string_view option) {
    clues.uwsgi += server.find("uWSGI") != std::string_view::npos ? 1 : 0;
    clues.gunicorn += server.find("gunicorn") != std::string_view::npos ? 1 : 0;
    if (!server.empty()) {
        clues.options.emplace_back(option);
    }
}

void note_letter(Clues& clues, std::string_view word, std::string_view value) {
    const char letter = word[1];
    const bool has_number = is_number(word.size() > 2 ? word.substr(2) : value);
    const bool is_uwsgis =
        kUwsgiLetters.find(letter) != std::string_view::npos || (letter == 'p' && has_number);
    const bool is_gunicorns = kGunicornLetters.find(letter) != std::string_view::npos;
    note(clues, is_uwsgis ? "uWSGI" : is_gunicorns ? "gunicorn" : "", word.substr(0, 2));
}

/// Whether the word is uWSGI's FILE or FILE:SECTION.
bool is_uwsgis_file(std::string_view word) {
    const std::string_view path = word.substr(0, std::min(word.rfind(':'), word.size()));
    return word.ends_with(".ini") || word.ends_with(".xml") || path.ends_with(".ini") ||
           path.ends_with(".xml");
}

std::string_view last_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// What `geventctl convert` reads, though it is no configuration.
bool starts_a_server(std::string_view path) {
    const std::string_view name = last_name(path);
    return name.ends_with(".sh") || name.ends_with(".service") || name == "Procfile" ||
           name == "Dockerfile";
}

/// The file of gunicorn's `python:MODULE`.
std::string file_of_module(std::string_view module) {
    std::string path(module);
    std::replace(path.begin(), path.end(), '.', '/');
    return path + ".py";
}

/// A word that names an application or a file. An application may be a .py file.
void note_file(Clues& clues, std::string_view word) {
    if (word.starts_with("paste:")) {
        return;  // an application of ours
    }
    if (is_uwsgis_file(word)) {
        ++clues.uwsgi;
        clues.file = word;
    } else if (word.ends_with(".conf.py") ||
               (word.ends_with(".py") && last_name(word).starts_with("gunicorn"))) {
        ++clues.gunicorn;
        clues.file = word;
    }
}

/// The value of -c, which names a configuration.
void note_configuration(Clues& clues, std::string_view value) {
    constexpr std::string_view kModule = "python:";
    if (value.starts_with(kModule) || value.ends_with(".py")) {
        ++clues.gunicorn;
        clues.file = value.starts_with(kModule) ? file_of_module(value.substr(kModule.size()))
                                                : std::string(value);
    } else if (starts_a_server(value)) {
        clues.starter = value;
    } else {
        note_file(clues, value);
    }
}

/// geventd's own options with a value.
bool takes_value(std::string_view name) {
    return name == "--set" || name == "--bind" || name == "--workers" || name == "--cores";
}

Clues look_at(std::span<const char* const> arguments) {
    Clues clues;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        const std::string_view next = i + 1 < arguments.size() ? arguments[i + 1] : "";
        const auto equals = std::min(word.find('='), word.size());
        const std::string_view name = word.substr(0, equals);
        if (takes_value(name)) {
            i += equals == word.size() ? 1 : 0;
        } else if (name == "-c" || name == "--config") {
            note_configuration(clues, equals == word.size() ? next : word.substr(equals + 1));
            i += equals == word.size() ? 1 : 0;
        } else if (name == "--check" || name == "--help" || name == "--version") {
            continue;
        } else if (word.starts_with("--")) {
            note(clues, config::servers_of_option(name.substr(2)), name);
        } else if (word.size() > 1 && word.front() == '-') {
            note_letter(clues, word, next);
        } else {
            note_file(clues, word);
        }
    }
    return clues;
}

std::string quoted(std::string_view word) {
    return log::escape_controls(cli::shell_word(word));
}

/// A word such as `gunicorn` before the options, out of somebody's command line.
bool names_server(std::string_view word) {
    return last_name(word) == "gunicorn" || last_name(word) == "uwsgi";
}

/// Whether gunicorn would take something of the command line beside its file.
bool has_more_of_gunicorns(const Clues& clues, std::span<const char* const> arguments) {
    bool has_more = false;
    for (const std::string_view word : arguments) {
        const std::string_view name = word.substr(0, word.find('='));
        if (name == "--set" || name == "--cores") {
            return false;  // they are geventd's alone
        }
        has_more = has_more || (name != "-c" && name != "--config" && name != "--check" &&
                                word.find(clues.file) == std::string_view::npos &&
                                !word.starts_with("python:"));
    }
    return has_more && clues.server() == "gunicorn";
}

std::string command_of(const Clues& clues, std::span<const char* const> arguments) {
    if (clues.options.empty() && !has_more_of_gunicorns(clues, arguments)) {
        return quoted(clues.file);
    }
    std::string command = clues.server() == "uWSGI" ? "-- uwsgi" : "-- gunicorn";
    if (!arguments.empty() && names_server(arguments.front())) {
        arguments = arguments.subspan(1);
    }
    for (const std::string_view word : arguments) {
        command += word == "--check" ? "" : " " + quoted(word);
    }
    return command;
}

std::string whose(const Clues& clues) {
    if (clues.options.empty()) {
        return fmt::format("{} is a file of {}'s", quoted(clues.file), clues.server());
    }
    const std::vector<std::string> shown(
        clues.options.begin(), clues.options.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                           clues.options.size(), kMostShown)));
    return fmt::format("{} {} of {}'s options", fmt::join(shown, ", "),
                       shown.size() == 1 ? "is one" : "are some", clues.server());
}

std::string explain_starter(std::string_view file) {
    return file.empty() ? ""
                        : fmt::format(
                              "geventd: {0} is no configuration of geventd; if it starts uWSGI or "
                              "gunicorn, this makes one of it:\n"
                              "  geventctl convert {0} > geventd.yaml\n",
                              quoted(file));
}

}  // namespace

std::string explain_foreign_start(std::span<const char* const> arguments) {
    const Clues clues = look_at(arguments);
    if (clues.server().empty()) {
        return explain_starter(clues.starter);
    }
    return fmt::format(
        "geventd: {}; geventd is configured by a YAML file, which this writes:\n"
        "  geventctl convert {} > geventd.yaml\n",
        whose(clues), command_of(clues, arguments));
}

}  // namespace geventd::master
