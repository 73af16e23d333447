// SPDX-License-Identifier: MIT
#include "event/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "base/errno_error.h"

namespace geventd::event {

namespace {

// Callbacks may change watchers endlessly; after this many passes the outer loop gets its turn.
constexpr int kMaxPasses = 8;

constexpr auto kEpoll =
    static_cast<unsigned>(EVBACKEND_EPOLL) | static_cast<unsigned>(EVFLAG_NOENV);
constexpr auto kSelect =
    static_cast<unsigned>(EVBACKEND_SELECT) | static_cast<unsigned>(EVFLAG_NOENV);

void (*failure_teller)() noexcept = nullptr;

void fail(const char* what) noexcept {
    const int error = errno;
    failure_teller();
    errno = error;
    std::perror(what);
    std::abort();
}

}  // namespace

void on_failure(void (*tell)() noexcept) {
    failure_teller = tell;
    ev_set_syserr_cb(fail);
}

Loop::Loop() : loop_(ev_loop_new(kEpoll)), now_(Clock::now()) {
    if (loop_ == nullptr) {
        throw std::runtime_error("libev cannot make an epoll loop");
    }
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        throw_errno("eventfd");
    }
    wake_fd_ = raised(UniqueFd::adopt(fd));
    ev_io_init(&wake_watcher_, &Loop::on_wake, wake_fd_.get(), EV_READ);
    wake_watcher_.data = this;
    ev_io_start(loop_, &wake_watcher_);
    backend_fd_ = find_backend_fd();
    owned_fds::add(backend_fd_);
    run_pending();
}

Loop::~Loop() {
    ev_io_stop(loop_, &wake_watcher_);
    owned_fds::remove(backend_fd_);
    ev_loop_destroy(loop_);
}

// libev has no function for its epoll descriptor, but an ev_embed watcher has it in a public
// field.
int Loop::find_backend_fd() {
    struct ev_loop* outer = ev_loop_new(kSelect);
    if (outer == nullptr) {
        throw std::runtime_error("libev cannot make a select loop");
    }
    ev_embed embed;
    ev_embed_init(&embed, nullptr, loop_);
    ev_embed_start(outer, &embed);
    const int fd = embed.io.fd;
    ev_embed_stop(outer, &embed);
    ev_loop_destroy(outer);
    return fd;
}

void Loop::run() {
    turning_ = true;
    ev_run(loop_, 0);
    turning_ = false;
}

void Loop::stop() {
    ev_break(loop_, EVBREAK_ALL);
}

bool Loop::run_pending() {
    turning_ = true;
    int passes = 0;
    do {
        dirty_ = false;
        now_ = Clock::now();
        ev_run(loop_, EVRUN_NOWAIT);
    } while (dirty_ && ++passes < kMaxPasses);
    turning_ = false;
    return dirty_;
}

void Loop::wake() noexcept {
    const eventfd_t one = 1;
    // EAGAIN means that the counter is full, so the loop will wake anyway.
    [[maybe_unused]] const auto written = ::write(wake_fd_.get(), &one, sizeof one);
}

TimePoint Loop::refresh_now() {
    now_ = Clock::now();
    return now_;
}

void Loop::touched() noexcept {
    dirty_ = true;
    if (!turning_ && !woken_) {
        woken_ = true;
        wake();
    }
}

void Loop::on_wake(struct ev_loop*, ev_io* watcher, int) noexcept {
    auto* self = static_cast<Loop*>(watcher->data);
    eventfd_t count = 0;
    [[maybe_unused]] const auto got = ::read(self->wake_fd_.get(), &count, sizeof count);
    self->woken_ = false;
}

// Adds the descriptor to epoll first; libev then only modifies its events.
int Io::introduce(int fd) {
    epoll_event nothing{};
    return ::epoll_ctl(loop_.backend_fd(), EPOLL_CTL_ADD, fd, &nothing) == 0 || errno == EEXIST
               ? 0
               : errno;
}

void Io::watch(int fd, int events) {
    if (active()) {
        if (watcher_.fd == fd && this->events() == events) {
            return;
        }
        ev_io_stop(loop_.raw(), &watcher_);
    }
    registered_ = true;
    ev_io_set(&watcher_, fd, events);
    ev_io_start(loop_.raw(), &watcher_);
    loop_.touched();
}

void Io::forget() {
    stop();
    if (registered_) {
        registered_ = false;
        // ENOENT when libev has not added it yet.
        ::epoll_ctl(loop_.backend_fd(), EPOLL_CTL_DEL, watcher_.fd, nullptr);
    }
}

void Io::stop() {
    if (active()) {
        ev_io_stop(loop_.raw(), &watcher_);
        loop_.touched();
    }
}

}  // namespace geventd::event
