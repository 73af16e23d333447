// SPDX-License-Identifier: MIT
#include "worker/process/forked_child.h"

#include <csignal>
#include <cstdint>
#include <string_view>

#include <dlfcn.h>
#include <pthread.h>

#include "base/errno_error.h"
#include "base/fd.h"
#include "ipc/stack_signal.h"
#include "log/logger.h"
#include "worker/process/forked.h"
#include "worker/process/interrupts.h"

namespace geventd::worker {

namespace {

// Global variables, because pthread_atfork() takes no argument. They are written by the thread that
// forks, or in a child that has one thread.
bool forks_are_ours = false;
ForkListener* listener_in_child = nullptr;

// The signal mask of the forking thread.
thread_local sigset_t former_mask;

// The Unix signals that gevent watches by libev, whose handler would wake the worker's loop.
std::uint64_t watched = 0;

bool is_libevs(void (*handler)(int)) {
    Dl_info place{};
    if (handler == SIG_DFL || handler == SIG_IGN ||
        ::dladdr(reinterpret_cast<void*>(handler), &place) == 0 || place.dli_fname == nullptr) {
        return false;
    }
    const std::string_view file = place.dli_fname;
    return file.find("/gevent/") != std::string_view::npos ||
           file.find("libev.so") != std::string_view::npos;
}

std::uint64_t watched_by_libev() {
    std::uint64_t numbers = 0;
    for (int number = 1; number < NSIG - 1; ++number) {
        struct sigaction action {};

        if (::sigaction(number, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
            is_libevs(action.sa_handler)) {
            numbers |= std::uint64_t{1} << number;
        }
    }
    return numbers;
}

// Blocks signals: a child that is not yet marked as one would handle a signal as the worker does.
void before_fork() noexcept {
    if (!forks_are_ours) {
        watched = watched_by_libev();  // a child must not call the dynamic loader
    }
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &former_mask);
}

void after_fork() noexcept {
    ::pthread_sigmask(SIG_SETMASK, &former_mask, nullptr);
}

// Async-signal-safe except for the listener. Closing this process' copy of the epoll descriptor
// does not change the worker's registrations, as epoll_ctl() would.
void give_up() noexcept {
    become_forked_child();
    owned_fds::close_all();
    log::fall_silent();
    leave_no_way_to_master();
    for (const auto which : {ipc::StackOf::HubThread, ipc::StackOf::AllThreads}) {
        ::signal(ipc::stack_signal(which), SIG_DFL);
    }
    for (int number = 1; number < NSIG - 1; ++number) {
        if ((watched >> number & 1) != 0) {
            ::signal(number, SIG_DFL);
        }
    }
    listener_in_child->on_forked_child();
}

void after_fork_in_child() noexcept {
    if (!forks_are_ours) {
        give_up();
    }
    after_fork();
}

}  // namespace

void give_up_in_forked_children(ForkListener& listener) {
    listener_in_child = &listener;
    const int error = ::pthread_atfork(before_fork, after_fork, after_fork_in_child);
    if (error != 0) {
        errno = error;
        throw_errno("pthread_atfork");
    }
}

OwnFork::OwnFork() {
    forks_are_ours = true;
}

OwnFork::~OwnFork() {
    forks_are_ours = false;
}

}  // namespace geventd::worker
