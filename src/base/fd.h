// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <utility>

namespace geventd {

/// The descriptors that the server's own code owns in this process, as opposed to those of the
/// application and its libraries. A process that the application forks closes them all; when one of
/// its copied objects closes its descriptor afterwards, that number may belong to something else.
/// Safe in any thread and in signal handlers.
namespace owned_fds {

void add(int fd) noexcept;

/// False when the descriptor was not owned (any more): then it must not be closed.
bool remove(int fd) noexcept;

/// Closes all owned descriptors. For a fresh child of this process.
void close_all() noexcept;

}  // namespace owned_fds

/// A file descriptor that this object owns and closes. Move-only; taking one over is spelled
/// out with adopt(), giving it up with release(). A descriptor that is only used, never closed,
/// is a plain int.
class UniqueFd {
  public:
    UniqueFd() = default;
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;

    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    UniqueFd& operator=(UniqueFd&& other) noexcept {
        UniqueFd former(std::move(*this));
        std::swap(fd_, other.fd_);
        return *this;
    }

    ~UniqueFd() { reset(); }

    static UniqueFd adopt(int fd) {
        UniqueFd owner;
        owner.reset(fd);
        return owner;
    }

    [[nodiscard]] int get() const { return fd_; }

    [[nodiscard]] int release() {
        if (fd_ >= 0) {
            owned_fds::remove(fd_);
        }
        return std::exchange(fd_, -1);
    }

    explicit operator bool() const { return fd_ >= 0; }

    void reset(int fd = -1) {
        if (fd_ == fd) {
            return;
        }
        if (fd_ >= 0 && owned_fds::remove(fd_)) {
            ::close(fd_);
        }
        fd_ = fd;
        if (fd_ >= 0) {
            owned_fds::add(fd_);
        }
    }

  private:
    int fd_ = -1;
};

/// Sets or clears FD_CLOEXEC. Throws ErrnoError.
void set_cloexec(int fd, bool on);

/// A copy of the descriptor, CLOEXEC. Throws ErrnoError.
UniqueFd duplicate(int fd);

/// A copy of the descriptor with a high number, which an application rarely reaches, whether by
/// closing something twice or by closing the first thousand. Empty when there can be none.
UniqueFd high_copy(int fd) noexcept;

/// The descriptor itself, moved to such a high number; unchanged when there can be none.
UniqueFd raised(UniqueFd fd) noexcept;

}  // namespace geventd
