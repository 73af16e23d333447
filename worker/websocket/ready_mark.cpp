// SPDX-License-Identifier: MIT
#include "worker/websocket/ready_mark.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace geventd::worker {

int ReadyMark::fd(bool ready) noexcept {
    if (!event_) {
        event_ = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        show(ready);
    }
    return event_.get();
}

// Neither call can fail: the count goes from zero to one and back.
void ReadyMark::show(bool ready) noexcept {
    if (!event_ || ready == shown_) {
        return;
    }
    shown_ = ready;
    std::uint64_t count = 1;
    [[maybe_unused]] const ssize_t done = ready ? ::write(event_.get(), &count, sizeof count)
                                                : ::read(event_.get(), &count, sizeof count);
}

}  // namespace geventd::worker
