// SPDX-License-Identifier: MIT
#include "shm/region.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <boost/interprocess/mapped_region.hpp>
#include <fmt/core.h>

#include "base/errno_error.h"

namespace geventd::shm {

namespace {

namespace interprocess = boost::interprocess;

// The interface that mapped_region requires of its argument.
class Memfd {
  public:
    Memfd(int fd, interprocess::mode_t mode) : handle_{fd, false}, mode_(mode) {}

    [[nodiscard]] interprocess::mapping_handle_t get_mapping_handle() const { return handle_; }

    [[nodiscard]] interprocess::mode_t get_mode() const { return mode_; }

  private:
    interprocess::mapping_handle_t handle_;
    interprocess::mode_t mode_;
};

std::size_t size_of(int fd) {
    struct stat status {};

    if (::fstat(fd, &status) < 0) {
        throw_errno("fstat", "shared memory");
    }
    return static_cast<std::size_t>(status.st_size);
}

interprocess::mapped_region map_memory(int fd, std::size_t size, Region::Access access) {
    const interprocess::mode_t mode =
        access == Region::Access::ReadOnly ? interprocess::read_only : interprocess::read_write;
    try {
        return {Memfd(fd, mode), mode, 0, size};
    } catch (const interprocess::interprocess_exception& error) {
        const int code = error.get_native_error();
        throw ErrnoError(code, fmt::format("map {} MiB of shared memory{}", size >> 20,
                                           code == ENOMEM ? " (ulimit -v may be too low)" : ""));
    }
}

// Pages of other file systems (or of a memfd of huge pages) may be unavailable when they are
// touched, which kills the process.
bool is_plain_memory(int fd) {
    struct statfs status {};

    return ::fstatfs(fd, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

}  // namespace

struct Region::Impl {
    UniqueFd fd;
    interprocess::mapped_region memory;
};

Region::Region(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Region::Region(Region&&) noexcept = default;
Region& Region::operator=(Region&&) noexcept = default;
Region::~Region() = default;

Region Region::create(const char* name, std::size_t size) {
    UniqueFd fd = UniqueFd::adopt(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) {
        throw_errno("memfd_create", name);
    }
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0) {
        throw_errno("ftruncate", name);
    }
    // A shrunken region would kill its readers with SIGBUS.
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        throw_errno("fcntl F_ADD_SEALS", name);
    }
    return map(std::move(fd));
}

Region Region::map(UniqueFd fd, Access access) {
    interprocess::mapped_region memory = map_memory(fd.get(), size_of(fd.get()), access);
    return Region(std::make_unique<Impl>(Impl{std::move(fd), std::move(memory)}));
}

Region Region::map_sealed(UniqueFd&& fd, std::size_t size) {
    const int seals = ::fcntl(fd.get(), F_GET_SEALS);
    constexpr int kFixed = F_SEAL_SHRINK | F_SEAL_GROW;
    if (seals < 0 || (seals & kFixed) != kFixed || !is_plain_memory(fd.get())) {
        throw ErrnoError(EPERM, "map shared memory that could vanish");
    }
    if (size_of(fd.get()) != size) {
        throw ErrnoError(EINVAL, "map shared memory of another size");
    }
    interprocess::mapped_region memory = map_memory(fd.get(), size, Access::ReadOnly);
    return Region(std::make_unique<Impl>(Impl{std::move(fd), std::move(memory)}));
}

void Region::let_write(std::size_t offset, std::size_t size) const {
    if (offset > this->size() || size > this->size() - offset) {
        throw ErrnoError(EINVAL, "allow writing outside the shared memory");
    }
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t before = offset % page;
    std::byte* const from = static_cast<std::byte*>(data()) + offset - before;
    if (::mprotect(from, size + before, PROT_READ | PROT_WRITE) < 0) {
        throw_errno("mprotect", "shared memory");
    }
}

void* Region::data() const {
    return impl_->memory.get_address();
}

std::size_t Region::size() const {
    return impl_->memory.get_size();
}

int Region::fd() const {
    return impl_->fd.get();
}

}  // namespace geventd::shm
