// SPDX-License-Identifier: MIT
// geventd: reads the command line and the configuration, then is the master.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>

#include "base/exit_code.h"
#include "base/fd.h"
#include "cli/command_line.h"
#include "config/loader.h"
#include "log/logger.h"
#include "master/check.h"
#include "master/host/host.h"
#include "master/master.h"

namespace geventd {

namespace {

void say(FILE* stream, const std::string& text) {
    std::fputs(text.c_str(), stream);
}

// Whoever starts us with one of these closed would see sockets appear in its place.
void fill_standard_descriptors() {
    UniqueFd null;
    do {
        null = UniqueFd::adopt(::open("/dev/null", O_RDWR));
    } while (null.get() >= 0 && null.get() <= STDERR_FILENO && null.release() >= 0);
}

ExitCode check(const config::Settings& settings) {
    const std::string fault = master::check_application(settings);
    if (!fault.empty()) {
        say(stderr, "the application cannot be loaded: " + fault + "\n");
        return ExitCode::Config;
    }
    say(stdout, "configuration and application are fine\n");
    return ExitCode::Ok;
}

ExitCode serve(const cli::GeventdOptions& options) {
    config::LoadRequest request;
    request.path = options.config;
    request.sets = options.sets;
    config::Settings settings = config::load(request);
    if (options.check) {
        return check(settings);
    }
    log::set_role("master");
    master::Host host(settings.process, settings.log.file == "stderr");
    ExitCode code = ExitCode::Config;
    try {
        master::Master master(
            std::move(settings), [request] { return config::load(request); }, host);
        code = master.run();
    } catch (const std::exception&) {
        host.failed(code);
        throw;
    }
    host.failed(code);
    return code;
}

ExitCode run(int argc, char** argv) {
    const auto parsed = cli::parse_geventd(argc, argv);
    if (const auto* farewell = std::get_if<cli::Farewell>(&parsed)) {
        say(farewell->code == ExitCode::Ok ? stdout : stderr, farewell->text);
        return farewell->code;
    }
    try {
        return serve(std::get<cli::GeventdOptions>(parsed));
    } catch (const config::Errors& errors) {
        say(stderr, std::string(errors.what()) + "\n");
        return ExitCode::Config;
    } catch (const std::exception& error) {
        say(stderr, std::string("geventd: ") + error.what() + "\n");
        return ExitCode::Config;
    }
}

}  // namespace

}  // namespace geventd

int main(int argc, char** argv) {
    geventd::fill_standard_descriptors();
    return static_cast<int>(geventd::run(argc, argv));
}
