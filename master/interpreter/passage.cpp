// SPDX-License-Identifier: MIT
#include "master/interpreter/passage.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/core.h>

#include "base/fd.h"
#include "master/host/rights_of.h"

namespace geventd::master {

namespace {

namespace fs = std::filesystem;

bool is_denied(const std::string& path, int flags) {
    const UniqueFd fd = UniqueFd::adopt(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK));
    return !fd && errno == EACCES;
}

// The first folder of an absolute path that may not be passed.
std::string barring_folder(const fs::path& path) {
    fs::path folder = "/";
    for (const fs::path& part : path.parent_path().relative_path()) {
        folder /= part;
        if (is_denied(folder / ".", O_PATH)) {
            return folder;
        }
    }
    return {};
}

}  // namespace

std::string why_not_readable(const std::string& file, const Identity& identity) {
    std::error_code failed;
    const fs::path real = fs::canonical(file, failed);
    if (failed) {
        return {};
    }
    const RightsOf rights(identity);
    for (const fs::path& path : {fs::path(file), real}) {
        if (const std::string folder = barring_folder(path); !folder.empty()) {
            return fmt::format(
                "{}{} bars the way; put it where everybody may pass, or: chmod a+x {}", folder,
                path == file ? "" : ", where it really is,", folder);
        }
    }
    return is_denied(file, O_RDONLY) ? fmt::format("it may not be read; chmod a+r {}", file) : "";
}

}  // namespace geventd::master
