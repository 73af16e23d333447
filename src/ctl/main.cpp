// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include <unistd.h>

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
#include "ctl/control_client.h"
#include "ctl/requests_view.h"
#include "ctl/stacks_view.h"
#include "ctl/status_view.h"
#include "ctl/top/top.h"
#include "log/escape.h"

// geventctl: finds the control socket, asks, prints. Answers go to stdout, sentences about what
// went wrong to stderr.

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

ipc::ControlRequest make_request(const cli::GeventctlOptions& options) {
    ipc::ControlRequest request{.command = options.command, .arguments = {}};
    if (options.command == "workers" && !options.arguments.empty()) {
        request.arguments["count"] = options.arguments.front();
    }
    if (options.command == "stacks" && !options.arguments.empty()) {
        request.arguments["of"] = options.arguments.front();
    }
    if (options.command == "signal" && !options.arguments.empty()) {
        request.arguments["number"] = options.arguments.front();
        if (options.payload) {
            request.arguments["payload"] = *options.payload;
        }
    }
    return request;
}

Result<std::string> present(const cli::GeventctlOptions& options, const std::string& answer) {
    if (options.json) {
        return ctl::format_json(answer);
    }
    if (options.command == "status") {
        return ctl::format_status(answer);
    }
    if (options.command == "requests") {
        return ctl::format_requests(answer);
    }
    if (options.command == "stacks") {
        return ctl::format_stacks(answer);
    }
    if (options.command == "reload") {
        return "reloaded\n";
    }
    if (options.command == "upgrade") {
        return "upgraded\n";
    }
    if (options.command == "stop") {
        return "the server finishes what is running and stops\n";
    }
    return "done\n";
}

// The sentence may be the server's, which may quote the application and its clients.
ExitCode fail(std::string_view sentence, ExitCode code) {
    fmt::print(stderr, "geventctl: {}\n", log::escape_lines(sentence));
    return code;
}

ExitCode run(const cli::GeventctlOptions& options) {
    if (options.command == "top") {
        const std::string socket = find_socket(options);
        const auto seen = options.json ? ctl::print_all_the_time(socket) : ctl::watch(socket);
        return seen ? ExitCode::Ok : fail(seen.error().message, ExitCode::Config);
    }
    // These take as long as the application takes to load.
    const auto patience = options.command == "reload" || options.command == "upgrade"
                              ? std::nullopt
                              : std::optional<std::chrono::milliseconds>(kPatience);
    const auto text =
        ctl::ask(find_socket(options), make_request(options), patience)
            .and_then([&](const std::string& answer) { return present(options, answer); });
    if (!text) {
        return fail(text.error().message, ExitCode::Config);
    }
    fmt::print("{}", *text);
    return ExitCode::Ok;
}

ExitCode guarded_main(int argc, const char* const* argv) {
    const auto parsed = cli::parse_geventctl(argc, argv);
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
