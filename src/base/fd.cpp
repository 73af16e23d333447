// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>

#include "base/errno_error.h"

namespace geventd {

void set_cloexec(int fd, bool on) {
    if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0) {
        throw_errno("fcntl F_SETFD");
    }
}

UniqueFd duplicate(int fd) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        throw_errno("duplicate a descriptor");
    }
    return UniqueFd::adopt(copy);
}

}  // namespace geventd
