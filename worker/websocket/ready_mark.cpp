// SPDX-License-Identifier: MIT
#include "worker/websocket/ready_mark.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

namespace geventd::worker {

ReadyMark::Inode ReadyMark::Inode::of(int fd) noexcept {
    struct stat found {};

    return ::fstat(fd, &found) == 0 ? Inode{found.st_dev, found.st_ino} : Inode();
}

ReadyMark::~ReadyMark() {
    let_go_if_closed();
}

int ReadyMark::fd(bool ready) noexcept {
    if (let_go_if_closed()) {
        event_ = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!event_) {
            return -1;
        }
        inode_ = Inode::of(event_.get());
        shown_ = false;
        show(ready);
    }
    return event_.get();
}

// True: there is none (any more).
bool ReadyMark::let_go_if_closed() noexcept {
    if (event_ && Inode::of(event_.get()) != inode_) {
        static_cast<void>(event_.release());
    }
    return !event_;
}

// Neither call can fail: the count goes from zero to one and back.
void ReadyMark::show(bool ready) noexcept {
    if (!event_ || ready == shown_ || let_go_if_closed()) {
        return;
    }
    shown_ = ready;
    std::uint64_t count = 1;
    [[maybe_unused]] const ssize_t done = ready ? ::write(event_.get(), &count, sizeof count)
                                                : ::read(event_.get(), &count, sizeof count);
}

}  // namespace geventd::worker
