// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <utility>

namespace geventd {

/// A file descriptor that this object owns and closes. Move-only; taking one over is spelled
/// out with adopt(), giving it up with release(). A descriptor that is only used, never closed,
/// is a plain int.
class UniqueFd {
  public:
    UniqueFd() = default;
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;

    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}

    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(other.release());
        return *this;
    }

    ~UniqueFd() { reset(); }

    static UniqueFd adopt(int fd) {
        UniqueFd owner;
        owner.fd_ = fd;
        return owner;
    }

    [[nodiscard]] int get() const { return fd_; }

    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

    explicit operator bool() const { return fd_ >= 0; }

    void reset(int fd = -1) {
        if (fd_ >= 0 && fd_ != fd) {
            ::close(fd_);
        }
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

/// Sets or clears FD_CLOEXEC. Throws ErrnoError.
void set_cloexec(int fd, bool on);

/// A copy of the descriptor, CLOEXEC. Throws ErrnoError.
UniqueFd duplicate(int fd);

}  // namespace geventd
