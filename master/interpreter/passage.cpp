// SPDX-License-Identifier: MIT
#include "master/interpreter/passage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/core.h>

#include "master/host/rights_of.h"

namespace geventd::master {

namespace {

namespace fs = std::filesystem;

// The kernel asks for the rights that RightsOf has taken, not for those of the process.
bool is_denied(const std::string& path, int mode) {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) != 0 && errno == EACCES;
}

// The first folder of an absolute path that may not be passed.
std::string barring_folder(const fs::path& path) {
    fs::path folder = "/";
    for (const fs::path& part : path.parent_path().relative_path()) {
        folder /= part;
        if (is_denied(folder, X_OK)) {
            return folder;
        }
    }
    return {};
}

// `letter` of chmod is the right that `mode` asks for, to what `deed` says.
std::string why_not(const std::string& file, const Identity& identity, int mode,
                    std::string_view deed, char letter) {
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
    return is_denied(file, mode)
               ? fmt::format("it may not be {}; chmod a+{} {}", deed, letter, real.string())
               : "";
}

}  // namespace

std::string why_not_readable(const std::string& file, const Identity& identity) {
    return why_not(file, identity, R_OK, "read", 'r');
}

std::string why_not_executable(const std::string& program, const Identity& identity) {
    return why_not(program, identity, X_OK, "executed", 'x');
}

}  // namespace geventd::master
