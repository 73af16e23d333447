// SPDX-License-Identifier: MIT
#include "cli/command_line.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/nearest.h"
#include "base/version.h"
#include "cli/short_options.h"

namespace geventd::cli {

namespace {

std::string list_verbs(std::span<const Verb> verbs) {
    std::string text = "Commands:";
    for (const Verb& verb : verbs) {
        text +=
            fmt::format("\n  {:<28}{}", fmt::format("{} {}", verb.name, verb.argument), verb.help);
    }
    return text;
}

/// About an option that a command does not take, with those that do.
std::string is_for(std::string_view option, std::span<const Verb> verbs, bool Verb::*takes) {
    std::string text = fmt::format("{} is for", option);
    for (const Verb& verb : verbs) {
        text += verb.*takes ? fmt::format(" {}", verb.name) : "";
    }
    return text;
}

std::string unknown(const std::string& command, std::span<const Verb> verbs) {
    std::vector<std::string> names;
    for (const Verb& verb : verbs) {
        names.emplace_back(verb.name);
    }
    const std::string meant = nearest(command, names);
    return fmt::format("unknown command '{}', {}", command,
                       meant.empty() ? fmt::format("expected one of {}", fmt::join(names, ", "))
                                     : fmt::format("did you mean {}?", meant));
}

/// What is wrong with the command and its arguments; empty when nothing is.
std::string fault_of(const GeventctlOptions& options, std::span<const Verb> verbs) {
    if (options.command.empty()) {
        return "no command, expected one such as status";
    }
    const auto verb = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& known) {
        return known.name == options.command;
    });
    if (verb == verbs.end()) {
        return unknown(options.command, verbs);
    }
    const bool is_optional = verb->argument.substr(0, 1) == "[";
    const std::size_t most = verb->argument.empty() ? 0 : 1;
    if (options.arguments.size() > most || (options.arguments.size() < most && !is_optional)) {
        return verb->argument.empty()
                   ? fmt::format("{} takes no argument", verb->name)
                   : fmt::format("{} takes one argument, {}", verb->name, verb->argument);
    }
    if (options.payload && !verb->takes_payload) {
        return is_for("--payload", verbs, &Verb::takes_payload);
    }
    return !options.waits && !verb->waits ? is_for("--no-wait", verbs, &Verb::waits) : "";
}

/// About an argument of geventd that means nothing.
std::string unexpected(const std::string& argument) {
    return fmt::format("{} {}", argument.starts_with('-') ? "unknown option" : "unexpected",
                       argument);
}

Farewell wrong(std::string_view program, std::string_view what) {
    return {ExitCode::CommandLine,
            fmt::format("{}: {}\nTry '{} --help'.\n", program, what, program)};
}

void add_version(CLI::App& app) {
    app.set_version_flag("--version", fmt::format("{} {}", app.get_name(), kVersion),
                         "Print the version and exit");
}

void add_config(CLI::App& app, std::string& config, const char* help) {
    app.add_option("-c,--config", config, help)->type_name("FILE")->take_last();
}

void add_short_options(CLI::App& app, ShortOptions& shorts) {
    app.add_option("APPLICATION", shorts.application,
                   "The application, as in app.module: shop:application")
        ->type_name("");
    app.add_option("-b,--bind", shorts.binds,
                   "Where to listen: :8000, 127.0.0.1:8000, unix:/run/shop.sock, or as in listen; "
                   "may be given several times. Without it and without a file: port $PORT of all "
                   "addresses, else 127.0.0.1:8000")
        ->type_name("ADDRESS")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option("-w,--workers", shorts.processes,
                   "Worker processes, as in workers.processes: 4, auto, 2*cpus+1. Without it and "
                   "without a file: $WEB_CONCURRENCY, else auto")
        ->type_name("N")
        ->take_last();
    app.add_option("--cores", shorts.cores, "Requests that each worker runs at the same time")
        ->type_name("N")
        ->take_last();
}

/// Parses the command line into the variables that are bound to the app's options.
std::variant<std::monostate, Farewell> parse(CLI::App& app, int argc, const char* const* argv) {
    try {
        app.parse(argc, argv);
        return {};
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0) {
            return wrong(app.get_name(), error.what());
        }
        std::ostringstream text;
        app.exit(error, text, text);  // writes the help or the version; does not exit
        return Farewell{ExitCode::Ok, text.str()};
    }
}

}  // namespace

Parsed<GeventdOptions> parse_geventd(int argc, const char* const* argv, bool has_variables) {
    GeventdOptions options;
    ShortOptions shorts;
    CLI::App app("Application server for gevent: runs Python WSGI applications on greenlets.",
                 "geventd");
    add_version(app);
    add_config(app, options.config, "The YAML file that configures the server; -: standard input");
    add_short_options(app, shorts);
    app.add_option("--set", options.sets,
                   "Set a key of the configuration, over all that says it elsewhere: "
                   "--set limits.request-time=30s")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--check", options.check,
                 "Validate the configuration and load the application, say what is wrong, exit");
    app.allow_extras();  // refused below, in better words
    if (auto outcome = parse(app, argc, argv); std::holds_alternative<Farewell>(outcome)) {
        return std::get<Farewell>(outcome);
    }
    if (const std::string fault = fault_of(shorts, {argv + 1, argv + argc}); !fault.empty()) {
        return wrong("geventd", fault);
    }
    if (const auto extras = app.remaining(); !extras.empty()) {
        return wrong("geventd", unexpected(extras.front()));
    }
    for (const std::string& set : options.sets) {
        if (set.find('=') == std::string::npos) {
            return wrong("geventd", fmt::format("--set {}: expected KEY=VALUE", set));
        }
    }
    std::vector<std::string> sets = sets_of(shorts);
    options.sets.insert(options.sets.begin(), sets.begin(), sets.end());
    if (options.config.empty() && options.sets.empty() && !has_variables) {
        return wrong("geventd",
                     "no configuration: name an application (geventd shop:application) or a file "
                     "(geventd -c FILE)");
    }
    return options;
}

Parsed<GeventctlOptions> parse_geventctl(int argc, const char* const* argv,
                                         std::span<const Verb> verbs) {
    GeventctlOptions options;
    CLI::App app("Talks to a running geventd.", "geventctl");
    add_version(app);
    add_config(app, options.config, "The YAML file that configures the server");
    app.add_option("--socket", options.socket, "The server's control socket, instead of a config")
        ->type_name("PATH")
        ->take_last()
        ->excludes("--config");
    app.add_flag("--json", options.json, "Print the answer as JSON");
    app.add_option("--payload", options.payload, "With signal: a text that goes with it")
        ->type_name("TEXT")
        ->take_last();
    app.add_flag("!--no-wait", options.waits, "With stop: do not wait until it has stopped");
    app.add_option("COMMAND", options.command, "One of those below")->type_name("");
    app.add_option("ARGUMENT", options.arguments, "The command's argument")->type_name("");
    app.footer(list_verbs(verbs));
    if (auto outcome = parse(app, argc, argv); std::holds_alternative<Farewell>(outcome)) {
        return std::get<Farewell>(outcome);
    }
    if (const std::string fault = fault_of(options, verbs); !fault.empty()) {
        return wrong("geventctl", fault);
    }
    return options;
}

}  // namespace geventd::cli
