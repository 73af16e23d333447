// SPDX-License-Identifier: MIT
// geventd: reads the command line and the configuration, then runs the master.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "base/exit_code.h"
#include "base/fd.h"
#include "cli/command_line.h"
#include "config/loader.h"
#include "log/escape.h"
#include "log/logger.h"
#include "master/check.h"
#include "master/foreign_start.h"
#include "master/host/host.h"
#include "master/master.h"
#include "master/upgrade/program.h"
#include "master/upgrade/succession.h"

namespace geventd {

namespace {

void say(FILE* stream, const std::string& text) {
    std::fputs(text.c_str(), stream);
}

// Opens /dev/null for standard descriptors that are closed; otherwise a socket would get the
// number.
void fill_standard_descriptors() {
    UniqueFd null;
    do {
        null = UniqueFd::adopt(::open("/dev/null", O_RDWR));
    } while (null.get() >= 0 && null.get() <= STDERR_FILENO && null.release() >= 0);
}

ExitCode check(const config::Settings& settings) {
    const master::CheckReport report = master::check_application(settings);
    if (!report.fault.empty()) {
        say(stderr, "the application cannot be loaded: " + log::escape_lines(report.fault) + "\n");
        return ExitCode::Config;
    }
    for (const std::string& note : report.notes) {
        say(stdout, log::escape_lines(note) + "\n");
    }
    say(stdout, "configuration and application are fine\n");
    return ExitCode::Ok;
}

ExitCode serve_as_master(config::Settings settings, master::Master::Origin origin) {
    log::set_role("master");
    std::optional<master::Host::Former> former;
    if (origin.succession != nullptr) {
        former.emplace().pidfile = origin.succession->inventory().text("pidfile");
    }
    master::Host host(settings.process, settings.log.file == "stderr", former);
    ExitCode code = ExitCode::Config;
    try {
        master::Master master(std::move(settings), std::move(origin), host);
        code = master.run();
    } catch (const std::exception&) {
        log::finish();
        host.failed(code);
        throw;
    }
    host.failed(code);
    return code;
}

// A configuration that comes by standard input is kept for reloads, and for the next version of
// the program.
config::LoadRequest request_of(const cli::GeventdOptions& options, master::Program& program) {
    config::LoadRequest request;
    if (options.config == "-") {
        program.input = request.text = config::read_standard_input();
    } else {
        request.path = options.config;
    }
    request.sets = options.sets;
    return request;
}

ExitCode serve(const cli::GeventdOptions& options, master::Program program,
               master::Succession* succession) {
    config::LoadRequest request = request_of(options, program);
    request.may_wait = succession == nullptr;  // in an upgrade the old master waits for us
    config::Settings settings = config::load(request);
    request.may_wait = false;
    request.control = config::default_control(request.path, settings.listen, request.environment);
    if (options.check) {
        return check(settings);
    }
    return serve_as_master(std::move(settings), {[request] { return config::load(request); },
                                                 std::move(program), succession});
}

// In an upgrade, failures are reported to the old master as well as to standard error.
ExitCode serve_or_say_why(const cli::GeventdOptions& options, master::Program program) {
    std::unique_ptr<master::Succession> succession;
    std::string why;
    try {
        succession = options.check ? nullptr : master::Succession::join();
        return serve(options, std::move(program), succession.get());
    } catch (const config::Errors& errors) {
        why = errors.what();  // its lines are escaped already
        say(stderr, why + "\n");
    } catch (const std::exception& error) {
        why = error.what();
        say(stderr, "geventd: " + log::escape_lines(why) + "\n");
    }
    if (succession != nullptr) {
        succession->failed(why);
    }
    return ExitCode::Config;
}

ExitCode run(int argc, char** argv) {
    master::Program program = master::Program::of_this_process(argc, argv);
    const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
    if (const std::string whose = master::explain_foreign_start(words.subspan(1)); !whose.empty()) {
        say(stderr, whose);
        return ExitCode::CommandLine;
    }
    const bool has_variables = !config::process_variables().empty();
    const auto parsed = cli::parse_geventd(argc, argv, has_variables);
    if (const auto* farewell = std::get_if<cli::Farewell>(&parsed)) {
        say(farewell->code == ExitCode::Ok ? stdout : stderr, farewell->text);
        return farewell->code;
    }
    return serve_or_say_why(std::get<cli::GeventdOptions>(parsed), std::move(program));
}

}  // namespace

}  // namespace geventd

int main(int argc, char** argv) {
    // Makes a write to a log over the file size limit, or with no reader, fail instead of killing
    // us.
    ::signal(SIGXFSZ, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    geventd::fill_standard_descriptors();
    // An inherited "ignore SIGCHLD" would make the kernel reap our children without telling us how
    // they ended.
    ::signal(SIGCHLD, SIG_DFL);
    return static_cast<int>(geventd::run(argc, argv));
}
