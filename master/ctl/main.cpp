// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "cli/command_line.h"
#include "config/loader.h"
#include "log/escape.h"
#include "master/ctl/client/control_client.h"
#include "master/ctl/verbs.h"

// geventctl: finds the control socket, asks, prints. Answers go to stdout, errors to stderr.

namespace geventd {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

std::string find_socket(const cli::GeventctlOptions& options) {
    if (!options.socket.empty()) {
        return options.socket;
    }
    if (!options.config.empty() && ::access(options.config.c_str(), R_OK) != 0) {
        throw_errno(options.config);
    }

    struct stat status {};

    if (::stat(options.config.c_str(), &status) == 0 && S_ISFIFO(status.st_mode) &&
        !options.config.starts_with("/dev/") && !options.config.starts_with("/proc/")) {
        throw std::runtime_error(options.config +
                                 " is a FIFO, which is not waited for; name the "
                                 "control socket with --socket");
    }
    return config::find_control({.path = options.config, .sets = {}});
}

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
    const std::string socket = find_socket(options);
    if (options.config.empty() && options.socket.empty() && ::access(socket.c_str(), F_OK) != 0 &&
        errno == ENOENT) {
        return fail(
            fmt::format("name the server with -c FILE or --socket PATH: none runs without a "
                        "configuration file, there is no control socket {}",
                        socket),
            ExitCode::Config);
    }
    const auto done =
        verb.run != nullptr ? verb.run(socket, options.json) : ask_and_print(verb, socket, options);
    return done ? ExitCode::Ok : fail(done.error().message, ExitCode::Config);
}

ExitCode guarded_main(int argc, const char* const* argv) {
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
