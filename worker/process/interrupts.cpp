// SPDX-License-Identifier: MIT
#include "worker/process/interrupts.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "worker/process/forked.h"
#include "worker/process/own_descriptors.h"

namespace geventd::worker {

namespace {

// The eventfd that wakes the loop, and the epoll that watches it; -1 while no worker serves.
std::atomic<int> wake_fd{-1};
std::atomic<int> wake_epoll{-1};

// A SIGTERM was sent to this process.
std::atomic<bool> terminated = false;

// Another thread has found that its copy of the channel to the master is lost.
std::atomic<bool> copy_is_lost = false;

void on_signal(int number) {
    const int saved = errno;
    take_interrupt(number);
    errno = saved;
}

void handle(int number) {
    struct sigaction action {};

    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
}

}  // namespace

// The number may belong to a file of the application now, so check before writing.
void wake_loop() noexcept {
    const int fd = wake_fd.load(std::memory_order_relaxed);
    if (fd >= 0 && watches(wake_epoll.load(std::memory_order_relaxed), fd)) {
        const eventfd_t one = 1;
        [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
    }
}

void leave_interrupts_to_master() {
    for (const int number : kInterrupts) {
        handle(number);
    }
}

void take_interrupt(int number) noexcept {
    if (is_forked_child()) {  // a child that restored the worker's handler from Python
        ::signal(number, SIG_DFL);
        ::raise(number);
    }
    if (number == SIGTERM && wake_fd.load(std::memory_order_relaxed) >= 0) {
        terminated.store(true, std::memory_order_relaxed);
        wake_loop();
    }
}

void report_lost_channel() noexcept {
    copy_is_lost = true;
    wake_loop();
}

void leave_no_way_to_master() noexcept {
    wake_nobody();
    for (const int number : kInterrupts) {
        struct sigaction action {};

        ::sigaction(number, nullptr, &action);
        if (action.sa_handler == on_signal) {
            ::signal(number, SIG_DFL);
        }
    }
}

void wake_by(int eventfd, int epoll) noexcept {
    wake_epoll.store(epoll, std::memory_order_relaxed);
    wake_fd.store(eventfd, std::memory_order_relaxed);
}

void wake_nobody() noexcept {
    wake_fd.store(-1, std::memory_order_relaxed);
}

bool was_terminated() noexcept {
    return terminated.load(std::memory_order_relaxed);
}

bool has_lost_copy() noexcept {
    return copy_is_lost.exchange(false);
}

}  // namespace geventd::worker
