// SPDX-License-Identifier: MIT
#include "worker/files/opening.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/uninterrupted.h"

namespace geventd::worker {

namespace {

// A rename elsewhere can disturb the kernel's look at the path: then it wants to be asked again.
constexpr int kTries = 8;

std::uint64_t rules(config::Links links) {
    constexpr std::uint64_t kAlways = RESOLVE_NO_MAGICLINKS;
    switch (links) {
        case config::Links::Never:
            return kAlways | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
        case config::Links::BelowRoot:
            return kAlways | RESOLVE_BENEATH;
        case config::Links::Anywhere:
            break;
    }
    return kAlways;
}

Opened described(int fd) {
    Opened opened{.fd = UniqueFd::adopt(fd)};
    if (!opened.fd || ::fstat(opened.fd.get(), &opened.status) != 0) {
        opened.error = errno;
        opened.fd.reset();
    }
    return opened;
}

}  // namespace

Opened open_folder(const std::string& path) {
    return described(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

Opened open_below(int root, const std::string& path, config::Links links) {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = rules(links);
    std::int64_t fd = -1;
    for (int tries = 0; tries < kTries; ++tries) {
        fd = uninterrupted(
            [&] { return ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how); });
        if (fd >= 0 || errno != EAGAIN) {
            break;
        }
    }
    return described(static_cast<int>(fd));
}

int try_opening_below() {
    const Opened root = open_folder("/");
    return root.fd ? open_below(root.fd.get(), ".", config::Links::Never).error : root.error;
}

}  // namespace geventd::worker
