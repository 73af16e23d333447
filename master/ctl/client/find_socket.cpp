// SPDX-License-Identifier: MIT
#include "master/ctl/client/find_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "config/control_place.h"
#include "config/loader.h"
#include "master/ctl/client/control_client.h"
#include "master/ctl/view/document.h"

namespace geventd::ctl {

namespace {

using Places = std::vector<std::string>;

constexpr auto kPatience = std::chrono::seconds(10);

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
    const auto answer = ask(place, {"status", {}}, kPatience);
    const auto status = answer ? Document::parse(*answer) : tl::unexpected(answer.error());
    if (!status) {
        return true;
    }
    std::error_code unknown;
    const std::filesystem::path config = (*status)["config"].raw_text();
    const std::filesystem::path folder =
        std::filesystem::read_symlink("/proc/" + (*status)["pid"].text() + "/cwd", unknown);
    if (config.is_relative() && unknown) {
        return true;
    }
    const bool same = std::filesystem::equivalent(folder / config, file, unknown);
    return unknown ? folder / config == std::filesystem::absolute(file) : same;
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
    const Places places = config::find_control({.path = file, .sets = {}});
    if (config::is_off(places.front())) {
        return failure(fmt::format("control is off in {}: the server has no control socket", file));
    }
    const std::string former = config::former_control_path(file, config::process_environment());
    const auto living = std::find_if(places.begin(), places.end(), [&](const auto& place) {
        return is_listened_to(place) && (place != former || runs_with(place, file));
    });
    return living == places.end() ? places.front() : *living;
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
    return only(
        config::controls_without_file(config::process_environment()),
        "name the server with -c FILE or --socket PATH: no geventd is found that runs without a "
        "configuration file",
        "several servers run without a configuration file; name one with --socket");
}

}  // namespace geventd::ctl
