// SPDX-License-Identifier: MIT
#include "master/signals/eventfds.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

constexpr unsigned kMostEvents = 8;

// Adds to an eventfd without ever blocking: lets the kernel count up as the completion of a read
// of /dev/null submitted by io_submit(2). write(2) has no flag for that.
class Poker {
  public:
    Poker() noexcept : nothing_(UniqueFd::adopt(::open("/dev/null", O_RDONLY | O_CLOEXEC))) {
        if (nothing_ && ::syscall(SYS_io_setup, kMostEvents, &context_) != 0) {
            context_ = 0;
        }
    }

    Poker(const Poker&) = delete;
    Poker& operator=(const Poker&) = delete;

    ~Poker() {
        if (context_ != 0) {
            ::syscall(SYS_io_destroy, context_);
        }
    }

    /// False when the system does not allow it.
    bool poke(int fd) const noexcept {
        if (context_ == 0) {
            return false;
        }
        iocb request{};
        request.aio_lio_opcode = IOCB_CMD_PREAD;
        request.aio_fildes = static_cast<std::uint32_t>(nothing_.get());
        request.aio_flags = IOCB_FLAG_RESFD;
        request.aio_resfd = static_cast<std::uint32_t>(fd);
        iocb* requests[] = {&request};
        const bool done = ::syscall(SYS_io_submit, context_, 1, requests) == 1;
        std::array<io_event, kMostEvents> events{};
        timespec at_once{};
        ::syscall(SYS_io_getevents, context_, 0, kMostEvents, events.data(), &at_once);
        return done;
    }

  private:
    UniqueFd nothing_;
    aio_context_t context_ = 0;
};

}  // namespace

void poke_unwaiting(int fd) noexcept {
    static const Poker poker;
    if (poker.poke(fd)) {
        return;
    }
    // This leaves one race: an application that clears the flag and fills the counter between the
    // two lines.
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    pollfd writable{fd, POLLOUT, 0};
    if (::poll(&writable, 1, 0) == 1) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
    }
}

void empty_unwaiting(int fd) noexcept {
    std::uint64_t count = 0;
    iovec place{&count, sizeof count};
    if (::preadv2(fd, &place, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP) {
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        [[maybe_unused]] const auto got = ::read(fd, &count, sizeof count);
    }
}

int Eventfds::of(unsigned process) {
    if (fds_.size() <= process) {
        fds_.resize(process + 1);
    }
    UniqueFd& fd = fds_[process];
    if (!fd) {
        fd = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!fd) {
            throw_errno("eventfd");
        }
    }
    return fd.get();
}

std::vector<int> Eventfds::numbers() const {
    std::vector<int> numbers;
    numbers.reserve(fds_.size());
    for (const UniqueFd& fd : fds_) {
        numbers.push_back(fd.get());
    }
    return numbers;
}

}  // namespace geventd::master
