// SPDX-License-Identifier: MIT
#include "shm/signal_wake.h"

#include <unistd.h>

#include <cerrno>
#include <limits>

namespace geventd::shm {

void SignalWaker::set_eventfd(unsigned process, int fd) {
    if (eventfds_.size() <= process) {
        eventfds_.resize(process + 1, -1);
    }
    eventfds_[process] = fd;
}

void SignalWaker::published(const SignalRouting& routing) noexcept {
    if (routing.target.kind == TargetKind::Any) {
        wake_least_busy(routing);
    } else {
        const unsigned end = table_.in_use();
        const std::uint32_t serving = registry_.serving();
        for (unsigned process = kMasterProcess + 1; process < end; ++process) {
            if (registry_.takes_signals(process, serving) && registry_.matches(process, routing)) {
                wake(process);
            }
        }
    }
    wake(kMasterProcess);
}

void SignalWaker::wake_least_busy(const SignalRouting& routing) noexcept {
    const unsigned end = table_.in_use();
    std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
    unsigned chosen = kMasterProcess;
    const std::uint32_t serving = registry_.serving();
    unsigned process = turn_;
    for (unsigned step = 1; step < end; ++step) {
        process = process + 1 < end ? process + 1 : kMasterProcess + 1;
        if (registry_.takes_signals(process, serving) && registry_.matches(process, routing)) {
            const std::uint32_t busy = load(process);
            if (busy < least) {
                least = busy;
                chosen = process;
            }
        }
    }
    if (chosen != kMasterProcess) {
        turn_ = chosen;
        wake(chosen);
    }
}

std::uint32_t SignalWaker::load(unsigned process) const noexcept {
    const std::uint32_t running = table_.process(process).running.load_relaxed();
    return running + (loads_ == nullptr ? 0 : loads_->load(process));
}

void SignalWaker::wake(unsigned process) noexcept {
    Word<std::uint32_t>& sleeping = table_.process(process).sleeping;
    if (sleeping.load_ordered() != 0 && sleeping.exchange_ordered(0) != 0) {
        poke(process);
    }
}

void SignalWaker::poke(unsigned process) noexcept {
    int fd = process < eventfds_.size() ? eventfds_[process] : -1;
    if (fd < 0 && kMasterProcess < eventfds_.size()) {
        fd = eventfds_[kMasterProcess];
    }
    if (fd < 0) {
        return;
    }
    step();
    write_(fd);
}

void SignalWaker::write_plainly(int fd) noexcept {
    const std::uint64_t one = 1;
    // EAGAIN means that the counter is at its maximum, so the descriptor is readable: good enough.
    while (::write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

}  // namespace geventd::shm
