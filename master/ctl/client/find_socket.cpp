// SPDX-License-Identifier: MIT
#include "master/ctl/client/find_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/errno_error.h"
#include "config/control_place.h"
#include "config/loader.h"
#include "master/ctl/client/control_client.h"
#include "master/ctl/client/running.h"

namespace geventd::ctl {

namespace {

using Places = std::vector<std::string>;

void keep_living(Places& places) {
    std::erase_if(places, [](const std::string& place) { return !is_listened_to(place); });
}

std::string join(const Places& places) {
    std::string text;
    for (const std::string& place : places) {
        text.append(text.empty() ? "" : ", ").append(place);
    }
    return text;
}

/// The only living one; `none` and `several` say what is wrong otherwise.
Result<std::string> only(Places places, const std::string& none, const std::string& several) {
    keep_living(places);
    if (places.size() == 1) {
        return std::move(places.front());
    }
    return failure(places.empty() ? none : fmt::format("{}: {}", several, join(places)));
}

Result<std::string> in_folder(const std::string& folder) {
    Places places;
    std::error_code fault;
    for (std::filesystem::directory_iterator at(folder, fault), end; at != end;
         at.increment(fault)) {
        if (at->path().extension() == ".ctl") {
            places.push_back(at->path().string());
        }
    }
    std::sort(places.begin(), places.end());
    if (fault) {
        return failure(fmt::format("{}: {}", folder, fault.message()));
    }
    return only(std::move(places), fmt::format("no geventd has its control socket in {}", folder),
                "name one of these with --socket");
}

/// Earlier versions gave servers with files of one name the same socket, so whose it is must be
/// asked. In doubt it is this one's.
bool runs_with(const std::string& place, const std::string& file) {
    const auto config = config_of(place);
    if (!config) {
        return true;
    }
    std::error_code unknown;
    const bool same = std::filesystem::equivalent(*config, file, unknown);
    return unknown ? *config == std::filesystem::absolute(file).lexically_normal() : same;
}

Result<std::string> of_file(const std::string& file) {
    if (::access(file.c_str(), R_OK) != 0) {
        throw_errno(file);
    }

    struct stat status {};

    if (::stat(file.c_str(), &status) == 0 && S_ISFIFO(status.st_mode) &&
        !file.starts_with("/dev/") && !file.starts_with("/proc/")) {
        return failure(file +
                       " is a FIFO, which is not waited for; name the control socket with "
                       "--socket");
    }
    const auto [places, faults] = config::find_control({.path = file, .sets = {}});
    if (config::is_off(places.front())) {
        return failure(fmt::format("control is off in {}: the server has no control socket", file));
    }
    const std::string former = config::former_control_path(file, config::process_environment());
    const auto living = std::find_if(places.begin(), places.end(), [&](const auto& place) {
        return is_listened_to(place) && (place != former || runs_with(place, file));
    });
    if (living == places.end() && !faults.empty()) {
        return failure(fmt::format(
            "{}\nso the file does not say where the server's control socket is, and there is none "
            "at the default place; name it with --socket",
            fmt::join(faults, "\n")));
    }
    return living == places.end() ? places.front() : *living;
}

/// The only server that runs without a file.
Result<std::string> without_options() {
    Places places = config::controls_without_file(config::process_environment());
    keep_living(places);
    if (!places.empty()) {
        return only(std::move(places), "",
                    "several servers run without a configuration file; name one with --socket");
    }
    const Places others = running_servers();
    return failure(fmt::format("name the server with -c FILE or --socket PATH: {}{}",
                               others.empty()
                                   ? "no geventd is found that runs without a configuration file"
                                   : "those that run here are reached with ",
                               join(others)));
}

}  // namespace

Result<std::string> find_socket(const cli::GeventctlOptions& options) {
    if (!options.socket.empty()) {
        std::error_code ignored;
        return std::filesystem::is_directory(options.socket, ignored) ? in_folder(options.socket)
                                                                      : options.socket;
    }
    if (!options.config.empty()) {
        return of_file(options.config);
    }
    return without_options();
}

}  // namespace geventd::ctl
