// SPDX-License-Identifier: MIT
#include "shm/region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <boost/interprocess/mapped_region.hpp>

#include "base/errno_error.h"

namespace geventd::shm {

namespace {

namespace interprocess = boost::interprocess;

// What mapped_region wants to know of a thing that can be mapped.
class Memfd {
  public:
    explicit Memfd(int fd) : handle_{fd, false} {}

    [[nodiscard]] interprocess::mapping_handle_t get_mapping_handle() const { return handle_; }

    [[nodiscard]] static interprocess::mode_t get_mode() { return interprocess::read_write; }

  private:
    interprocess::mapping_handle_t handle_;
};

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

Region Region::map(UniqueFd fd) {
    struct stat status {};

    if (::fstat(fd.get(), &status) < 0) {
        throw_errno("fstat", "shared memory");
    }
    try {
        interprocess::mapped_region memory(Memfd(fd.get()), interprocess::read_write, 0,
                                           static_cast<std::size_t>(status.st_size));
        return Region(std::make_unique<Impl>(Impl{std::move(fd), std::move(memory)}));
    } catch (const interprocess::interprocess_exception& error) {
        throw ErrnoError(error.get_native_error(), "map shared memory");
    }
}

Region Region::map_sealed(UniqueFd fd) {
    const int seals = ::fcntl(fd.get(), F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
        throw ErrnoError(EPERM, "map shared memory that could shrink");
    }
    return map(std::move(fd));
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
