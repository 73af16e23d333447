// SPDX-License-Identifier: MIT
#include "config/loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/fd.h"
#include "config/checks.h"
#include "config/host.h"
#include "config/load_visitor.h"
#include "config/memory_share.h"
#include "config/overrides.h"
#include "config/schedule.h"
#include "config/special_values.h"
#include "config/tls.h"
#include "config/yaml/plain_text.h"
#include "config/yaml/reader.h"

namespace geventd::config {

namespace {

bool needs_no_waiting(const struct stat& status) {
    return S_ISREG(status.st_mode) ||
           (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3));  // /dev/null
}

/// Everything that can be read there, cut just beyond the size that read_yaml() refuses. Fails
/// with the system's error.
Result<std::string> read_all(int fd) {
    std::string text;
    while (text.size() <= kMaxYamlSize) {
        char buffer[16384];
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return failure(errno_text(errno));
        }
        if (got == 0) {
            break;
        }
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
}

/// The file's text. Reports errors of the system. Works on pipes too, if it may wait for them.
std::optional<std::string> read_file(const LoadRequest& request, int source,
                                     Diagnostics& diagnostics) {
    const auto refuse = [&](const std::string& why) {
        diagnostics.report({source, 0, 0}, "", "cannot be read: " + why);
        return std::nullopt;
    };
    const int patience = request.may_wait ? 0 : O_NONBLOCK;
    const UniqueFd fd =
        UniqueFd::adopt(::open(request.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | patience));

    struct stat status {};

    if (!fd || ::fstat(fd.get(), &status) != 0) {
        return refuse(errno_text(errno));
    }
    if (!request.may_wait && !needs_no_waiting(status)) {
        return refuse("it is no regular file, and reading it could make the server wait");
    }
    auto text = read_all(fd.get());
    return text ? std::optional(std::move(*text)) : refuse(text.error().message);
}

/// Those that are read later than the configuration, by workers, which may run in another directory
/// (app.chdir) than the one in which the server was started, or by a master that reloads.
std::vector<std::string*> paths_read_later(Settings& settings) {
    std::vector<std::string*> paths{&settings.app.virtualenv};
    if (settings.app.python.find('/') != std::string::npos) {
        paths.push_back(&settings.app.python);
    }
    for (StaticFiles& files : settings.static_files) {
        paths.push_back(&files.root);
    }
    for (Sendfile& files : settings.sendfile) {
        paths.push_back(&files.root);
    }
    for (std::string* path : tls_files(settings)) {
        paths.push_back(path);
    }
    return paths;
}

/// Makes relative files and directories of the configuration file relative to its folder, instead
/// of the folder in which the server happens to be started. Those of --set stay relative to the
/// latter.
void anchor_paths(Settings& settings, const std::string& file) {
    const auto slash = file.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
    const std::unique_ptr<char, decltype(&::free)> real(::realpath(folder.c_str(), nullptr),
                                                        &::free);
    if (real == nullptr) {
        return;  // the file could not be read either, which was reported already
    }
    auto paths = paths_read_later(settings);
    paths.insert(paths.end(), {&settings.app.chdir, &settings.process.pidfile});
    for (Monitor& monitor : settings.monitors) {
        paths.push_back(&monitor.path);
    }
    for (std::string& path : settings.reload.touch) {
        paths.push_back(&path);
    }
    for (std::string* path : paths) {
        if (!path->empty() && path->front() != '/') {
            *path = fmt::format("{}/{}", real.get(), *path);
        }
    }
}

// Without parts that lead nowhere. ".." stays: behind a symbolic link it leads elsewhere than the
// text says.
std::filesystem::path without_dots(const std::filesystem::path& path) {
    std::filesystem::path result;
    for (const std::filesystem::path& part : path) {
        if (!part.empty() && part != ".") {
            result /= part;
        }
    }
    return result;
}

void make_absolute(std::string& path) {
    if (!path.empty()) {
        std::error_code gone;
        const std::filesystem::path whole = std::filesystem::absolute(path, gone);
        path = gone ? path : without_dots(whole).string();
    }
}

void resolve_paths(Settings& settings) {
    for (std::string* path : paths_read_later(settings)) {
        make_absolute(*path);
    }
}

/// Whoever starts the server without a file has entered the environment of the application.
void adopt_environment(App& app, const LoadRequest& request) {
    const auto entered = request.environment("VIRTUAL_ENV");
    if (request.path.empty() && !request.text && app.virtualenv.empty() && app.python.empty() &&
        entered && !entered->empty()) {
        app.virtualenv = *entered;
        app.is_entered = true;
    }
}

void complete(Settings& settings, const LoadRequest& request, const Mark& start, Reading& reading) {
    number_schedule(settings);
    adopt_environment(settings.app, request);
    resolve_paths(settings);
    if (!settings.control.empty()) {
        return;
    }
    const ControlDefaults defaults =
        request.control ? *request.control
                        : default_control(request.path, settings.listen, request.environment);
    settings.control_fallback = defaults.abstract;
    const std::string& path = defaults.path;
    // ControlPath checks the path; only the user can shorten that of the folder.
    const Node node{.kind = Node::Kind::Scalar, .mark = start, .text = path};
    ControlPath(settings.control)
        .read(node, [&](const Mark& mark, const std::string&, const std::string& text) {
            reading.diagnostics.report(mark, "control",
                                       fmt::format("the default path {} {}", path, text));
        });
}

/// How messages name the document; where there is none, what takes its place.
std::string name_of_document(const LoadRequest& request) {
    return request.text ? "standard input" : request.path.empty() ? "command line" : request.path;
}

/// Reads the document, if there is one. False: it cannot be read at all.
bool read_document(const LoadRequest& request, int source, Settings& settings, Reading& reading) {
    const auto text = request.text ? request.text : read_file(request, source, reading.diagnostics);
    const auto document =
        text ? read_yaml(*text, source, reading.diagnostics) : std::optional<Node>();
    const bool readable = document && read_settings(*document, settings, reading);
    anchor_paths(settings, request.path);
    return readable;
}

/// Reads as much as possible; reports whatever is wrong. `is_readable`: whether any of the document
/// could be read.
Settings read_request(const LoadRequest& request, Diagnostics& diagnostics,
                      bool* is_readable = nullptr) {
    Settings settings;
    settings.source = request.path;
    ProcessCount(settings.workers.processes).read_auto();
    Reading reading{.diagnostics = diagnostics, .environment = &request.environment};

    const bool has_document = request.text || !request.path.empty();
    const Mark start{diagnostics.add_source(name_of_document(request), has_document), 1, 1};
    if (!is_utf8(request.path)) {
        diagnostics.report({start.source, 0, 0}, "", "the file's name is not UTF-8");
    }
    const bool readable = !has_document || read_document(request, start.source, settings, reading);
    read_variables(request.variables, settings, reading);
    for (const std::string& text : request.sets) {
        read_set(text, settings, reading);
    }
    if (!has_document) {
        read_platform(request.environment, settings, reading);
    }
    if (is_readable != nullptr) {
        *is_readable = readable;
    }
    if (readable) {
        check_settings(settings, start, reading);
    }
    bound_by_memory(settings.workers);
    complete(settings, request, start, reading);
    return settings;
}

}  // namespace

Settings load(const LoadRequest& request) {
    Diagnostics diagnostics;
    Settings settings = read_request(request, diagnostics);
    diagnostics.throw_if_any();
    return settings;
}

std::string read_standard_input() {
    auto text = read_all(STDIN_FILENO);
    if (!text) {
        throw std::runtime_error("standard input cannot be read: " + text.error().message);
    }
    return std::move(*text);
}

ControlPlaces find_control(const LoadRequest& request) {
    Diagnostics diagnostics;
    bool is_readable = false;
    const Settings settings = read_request(request, diagnostics, &is_readable);
    ControlPlaces found{.places = {settings.control}, .faults = {}};
    if (!settings.control_fallback.empty()) {
        found.places.push_back(former_control_path(request.path, request.environment));
        found.places.push_back(settings.control_fallback);
    }
    if (!is_readable || diagnostics.concerns("control")) {
        try {
            diagnostics.throw_if_any();
        } catch (const Errors& errors) {
            found.faults = errors.lines();
        }
    }
    return found;
}

Settings load_effective(const std::string& yaml) {
    Diagnostics diagnostics;
    Settings settings;
    Reading reading{.diagnostics = diagnostics, .effective = true};
    const int source = diagnostics.add_source("effective configuration", true);
    // A dump is longer than the file, and must not be refused for that.
    if (const auto document = read_yaml(yaml, source, diagnostics, yaml.size())) {
        read_settings(*document, settings, reading);
    }
    diagnostics.throw_if_any();
    return settings;
}

}  // namespace geventd::config
