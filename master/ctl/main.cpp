// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "cli/command_line.h"
#include "log/escape.h"
#include "master/ctl/client/control_client.h"
#include "master/ctl/client/find_socket.h"
#include "master/ctl/converter.h"
#include "master/ctl/verbs.h"

// geventctl: finds the control socket, asks, prints. Answers go to stdout, errors to stderr.

namespace geventd {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

// Escapes the sentence: the server's may quote the application and its clients.
ExitCode fail(std::string_view sentence, ExitCode code) {
    fmt::print(stderr, "geventctl: {}\n", log::escape_lines(sentence));
    return code;
}

Result<void> ask_and_print(const ctl::Verb& verb, const std::string& socket,
                           const cli::GeventctlOptions& options) {
    const auto patience =
        verb.takes_long ? std::nullopt : std::optional<std::chrono::milliseconds>(kPatience);
    return ctl::ask(socket, ctl::make_request(verb, options), patience)
        .and_then([&](const std::string& answer) { return present(verb, answer, options.json); })
        .map([](const std::string& text) { fmt::print("{}", text); });
}

ExitCode run(const cli::GeventctlOptions& options) {
    const ctl::Verb& verb = *ctl::find_verb(options.command);
    if (verb.run_alone != nullptr) {
        const auto done = verb.run_alone(options);
        return done ? ExitCode::Ok : fail(done.error().message, ExitCode::CommandLine);
    }
    const auto done = ctl::find_socket(options).and_then([&](const std::string& socket) {
        return verb.run != nullptr ? verb.run(socket, options)
                                   : ask_and_print(verb, socket, options);
    });
    return done ? ExitCode::Ok : fail(done.error().message, ExitCode::Config);
}

ExitCode guarded_main(int argc, char* const* argv) {
    if (argc > 1 && std::string_view(argv[1]) == "convert") {
        ctl::become_converter(argv + 2);
    }
    const auto parsed = cli::parse_geventctl(argc, argv, ctl::command_lines());
    if (const auto* farewell = std::get_if<cli::Farewell>(&parsed)) {
        fmt::print(farewell->code == ExitCode::Ok ? stdout : stderr, "{}", farewell->text);
        return farewell->code;
    }
    try {
        return run(std::get<cli::GeventctlOptions>(parsed));
    } catch (const ErrnoError& error) {
        return fail(error.what(), ExitCode::Config);
    }
}

}  // namespace
}  // namespace geventd

int main(int argc, char** argv) {
    try {
        return static_cast<int>(geventd::guarded_main(argc, argv));
    } catch (const std::exception& error) {
        return static_cast<int>(geventd::fail(error.what(), geventd::ExitCode::Internal));
    }
}
