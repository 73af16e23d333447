// SPDX-License-Identifier: MIT
#include "master/interpreter/passage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
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

bool may_not_be_read(const std::string& file) {
    return is_denied(file, O_RDONLY);
}

// The kernel asks for the rights that RightsOf has taken; before Linux 5.8 nobody does.
bool may_not_be_executed(const std::string& program) {
    return ::faccessat(AT_FDCWD, program.c_str(), X_OK, AT_EACCESS) != 0 && errno == EACCES;
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

// `letter` of chmod is the right to what `deed` says.
std::string why_not(const std::string& file, const Identity& identity,
                    bool (*is_refused)(const std::string&), std::string_view deed, char letter) {
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
    return is_refused(file)
               ? fmt::format("it may not be {}; chmod a+{} {}", deed, letter, real.string())
               : "";
}

}  // namespace

std::string why_not_readable(const std::string& file, const Identity& identity) {
    return why_not(file, identity, may_not_be_read, "read", 'r');
}

std::string why_not_executable(const std::string& program, const Identity& identity) {
    return why_not(program, identity, may_not_be_executed, "executed", 'x');
}

}  // namespace geventd::master
