// SPDX-License-Identifier: MIT
#include "base/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errno_error.h"

namespace geventd {

// Sealed, because any process that has it open could reopen it for writing.
UniqueFd make_sealed_memory(const char* name, std::string_view bytes) {
    UniqueFd fd = UniqueFd::adopt(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) {
        throw_errno("memfd_create", name);
    }
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
        if (written < 0) {
            throw_errno("write", name);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) < 0) {
        throw_errno("fcntl F_ADD_SEALS", name);
    }
    return fd;
}

Secret read_whole(int fd, std::string_view what) {
    struct stat status {};

    if (::fstat(fd, &status) != 0) {
        throw_errno("read", what);
    }
    Secret bytes;
    bytes.reserve(64);  // not in the object itself, also if it is a short passphrase
    bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t read = 0;
    while (read < bytes.size()) {
        const ssize_t got =
            ::pread(fd, bytes.data() + read, bytes.size() - read, static_cast<off_t>(read));
        if (got < 0) {
            throw_errno("read", what);
        }
        if (got == 0) {
            break;  // somebody has made it shorter meanwhile
        }
        read += static_cast<std::size_t>(got);
    }
    bytes.resize(read);
    return bytes;
}

}  // namespace geventd
