// SPDX-License-Identifier: MIT
#include "master/certificates/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/fd.h"
#include "base/place.h"
#include "base/sealed_memory.h"

namespace geventd::master {

namespace {

constexpr off_t kMost = 1 << 20;

bool may(const std::string& path, int how) {
    return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
}

// The first folder on the way to it that this process may not enter; "": it may enter all.
std::string closed_folder(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        const std::string folder = path.substr(0, slash);
        if (!may(folder, X_OK)) {
            return folder;
        }
    }
    return {};
}

[[noreturn]] void refuse(const std::string& path, int code) {
    if (code != EACCES) {
        throw std::runtime_error(fmt::format("{} cannot be read: {}", path, errno_text(code)));
    }
    const std::string folder = closed_folder(path);
    throw std::runtime_error(fmt::format(
        "{} cannot be read: {} may not {}; let it, or start geventd as root, which hands keys to "
        "workers of process.user (docs/tls.md)",
        path, user_text(::geteuid()),
        folder.empty() ? "read it, nor perhaps what it links to" : "enter " + folder));
}

}  // namespace

Secret read_secret(const std::string& path) {
    // Without O_NONBLOCK, opening a FIFO without a writer would block the master forever.
    const UniqueFd fd =
        UniqueFd::adopt(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) {
        refuse(path, errno);
    }

    struct stat status {};

    if (::fstat(fd.get(), &status) != 0) {
        refuse(path, errno);
    }
    if (!S_ISREG(status.st_mode) || status.st_size > kMost) {
        throw std::runtime_error(fmt::format("{} is no regular file of at most 1 MiB", path));
    }
    return read_whole(fd.get(), path);
}

}  // namespace geventd::master
