// SPDX-License-Identifier: MIT
#include "config/checks.h"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "config/checks_files.h"
#include "config/checks_sockets.h"
#include "config/checks_tls.h"
#include "config/schedule.h"

namespace geventd::config {

namespace {

/// Each takes a signal number, and the application needs some too.
constexpr std::size_t kMostFunctions = 128;

/// Of what the kernel gives a process, 2 MiB with the usual stack, half is left for the variables
/// that the server itself has, and for the arguments of programs that the application starts.
constexpr std::size_t kMostEnvironment = 1 << 20;
constexpr std::size_t kMostVariable = 128 << 10;  ///< Linux takes no longer one

void require_application(const Settings& settings, const Mark& start, const Reading& reading) {
    if (settings.app.module.empty() && settings.app.mounts.empty() &&
        !reading.diagnostics.concerns("app")) {
        const Mark app = reading.place_of("app", start);
        reading.diagnostics.report(reading.place_of("app.module", app),
                                   reading.places.contains("app") ? "app.module" : "app",
                                   "is missing, expected an application such as "
                                   "myapp:application");
    }
}

void require_listen(const Settings& settings, const Mark& start, const Reading& reading) {
    if (settings.listen.empty() && !reading.diagnostics.concerns("listen")) {
        reading.diagnostics.report(start, "listen",
                                   "is missing, expected an address such as http://127.0.0.1:8000");
    }
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const std::string path = fmt::format("listen[{}].address", i);
        if (!reading.places.contains(path) && !reading.diagnostics.concerns(path)) {
            reading.diagnostics.report(
                reading.place_of("listen", start), path,
                "is missing, expected an address such as http://127.0.0.1:8000");
        }
    }
}

void refuse_ipv6_only_of_others(const Settings& settings, const Mark& start,
                                const Reading& reading) {
    if (reading.diagnostics.concerns("listen")) {
        return;
    }
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const Listen& listen = settings.listen[i];
        if (listen.ipv6_only && listen.address.host != "::") {
            const std::string path = fmt::format("listen[{}].ipv6-only", i);
            reading.diagnostics.report(
                reading.place_of(path, start), path,
                fmt::format("{} cannot be narrowed to IPv6, expected an address such as "
                            "http://[::]:8000",
                            net::format_address(listen.address)));
        }
    }
}

void refuse_modes_of_ports(const Settings& settings, const Mark& start, const Reading& reading) {
    if (reading.diagnostics.concerns("listen")) {
        return;
    }
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const Listen& listen = settings.listen[i];
        const bool has_file = listen.address.family == net::Family::Unix;
        for (const auto& [name, value] :
             {std::pair("mode", &listen.mode), std::pair("owner", &listen.owner)}) {
            const std::string path = fmt::format("listen[{}].{}", i, name);
            if (!value->empty() && !has_file) {
                reading.diagnostics.report(
                    reading.place_of(path, start), path,
                    fmt::format("{} is no file that could have one, expected a unix socket's path",
                                net::format_address(listen.address)));
            }
        }
    }
}

void require_proxies_for_prefixes(const Settings& settings, const Mark& start,
                                  const Reading& reading) {
    if (reading.diagnostics.concerns("listen")) {
        return;
    }
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const Listen& listen = settings.listen[i];
        const std::string path = fmt::format("listen[{}].forwarded-prefix", i);
        if (!listen.forwarded_prefix) {
            continue;
        }
        if (listen.address.protocol != net::Protocol::Http) {
            reading.diagnostics.report(reading.place_of(path, start), path,
                                       "is for http addresses: in the uwsgi protocol the web "
                                       "server sends SCRIPT_NAME itself");
        } else if (listen.trusted_proxies.empty()) {
            reading.diagnostics.report(reading.place_of(path, start), path,
                                       "is true, but no proxy is trusted, expected "
                                       "listen.trusted-proxies");
        }
    }
}

void refuse_health_of_packets(const Settings& settings, const Mark& start, const Reading& reading) {
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const Listen& listen = settings.listen[i];
        const std::string path = fmt::format("listen[{}].health", i);
        if (!listen.health.empty() && listen.address.protocol != net::Protocol::Http &&
            !reading.diagnostics.concerns("listen")) {
            reading.diagnostics.report(reading.place_of(path, start), path,
                                       "is for http addresses: nobody checks a server's health in "
                                       "the uwsgi protocol");
        }
    }
}

void refuse_a_taken_stdout(const Settings& settings, const Mark& start, const Reading& reading) {
    const std::string& log = settings.log.file;
    if (settings.log.access_file == "stdout" && log != "stderr" && log != "stdout" &&
        !reading.diagnostics.concerns("log")) {
        reading.diagnostics.report(
            reading.place_of("log.access-file", start), "log.access-file",
            "is stdout, which goes to log.file too, expected a path, or log.file: stderr");
    }
}

void refuse_more_cheaper_than_all(const Settings& settings, const Mark& start,
                                  const Reading& reading) {
    const Workers& workers = settings.workers;
    if (workers.cheaper > workers.processes && !reading.diagnostics.concerns("workers")) {
        reading.diagnostics.report(
            reading.place_of("workers.cheaper", start), "workers.cheaper",
            fmt::format("{} is more than workers.processes, expected at most {}", workers.cheaper,
                        workers.processes));
    }
}

void refuse_an_environment_that_nobody_gets(const Settings& settings, const Mark& start,
                                            const Reading& reading) {
    std::size_t all = 0;
    for (const auto& [name, value] : settings.app.environment) {
        const std::size_t size = name.size() + value.size() + 2;  // with '=' and NUL
        if (size > kMostVariable) {
            const std::string path = "app.environment." + name;
            reading.diagnostics.report(
                reading.place_of(path, reading.place_of("app.environment", start)), path,
                fmt::format("has {} bytes, expected 128 KiB at most", size));
        }
        all += size + sizeof(char*);
    }
    if (all > kMostEnvironment) {
        reading.diagnostics.report(
            reading.place_of("app.environment", start), "app.environment",
            fmt::format("has {} variables with {} bytes, expected 1 MiB at most: Linux starts no "
                        "program with much more",
                        settings.app.environment.size(), all));
    }
}

void require_whole_schedule(const Settings& settings, const Mark& start, const Reading& reading) {
    std::size_t functions = 0;
    for (const ScheduleEntry& entry : schedule_of(settings)) {
        Mark mark = reading.place_of(entry.key.substr(0, entry.key.find('[')), start);
        for (const char* name : {"run", "signal", "path", "at", "every"}) {
            mark = reading.place_of(fmt::format("{}.{}", entry.key, name), mark);
        }
        if (reading.diagnostics.concerns(entry.key)) {
            continue;
        }
        if (entry.plan.empty()) {
            reading.diagnostics.report(mark, entry.key,
                                       fmt::format("does not say when, expected {}",
                                                   entry.key.starts_with("timers")  ? "every"
                                                   : entry.key.starts_with("crons") ? "at"
                                                                                    : "path"));
        } else if (entry.sends->signal.has_value() == !entry.sends->run.empty()) {
            reading.diagnostics.report(mark, entry.key,
                                       "expected either signal, a number, or run, a function");
        }
        functions += entry.sends->run.empty() ? 0 : 1;
    }
    if (functions > kMostFunctions) {
        reading.diagnostics.report(
            start, "timers",
            fmt::format("with crons and monitors {} functions are to be run, expected {} at most",
                        functions, kMostFunctions));
    }
}

void refuse_two_places_of_sessions(const Settings& settings, const Mark& start,
                                   const Reading& reading) {
    const Sticky& sticky = settings.sticky;
    const int places = (sticky.query.empty() ? 0 : 1) + (sticky.cookie.empty() ? 0 : 1) +
                       (sticky.header.empty() ? 0 : 1);
    if (places > 1) {
        reading.diagnostics.report(reading.place_of("sticky", start), "sticky",
                                   "has more than one key, expected query, cookie or header: where "
                                   "requests carry the id of their session");
    }
}

}  // namespace

void check_settings(const Settings& settings, const Mark& start, const Reading& reading) {
    require_listen(settings, start, reading);
    require_application(settings, start, reading);
    refuse_ipv6_only_of_others(settings, start, reading);
    refuse_modes_of_ports(settings, start, reading);
    require_proxies_for_prefixes(settings, start, reading);
    refuse_health_of_packets(settings, start, reading);
    refuse_a_taken_stdout(settings, start, reading);
    refuse_more_cheaper_than_all(settings, start, reading);
    refuse_an_environment_that_nobody_gets(settings, start, reading);
    refuse_two_places_of_sessions(settings, start, reading);
    require_whole_schedule(settings, start, reading);
    check_sockets(settings, start, reading);
    check_files(settings, start, reading);
    check_tls(settings, start, reading);
}

}  // namespace geventd::config
