// SPDX-License-Identifier: MIT
#pragma once

#include <ev.h>

#include <functional>

#include "base/clock.h"
#include "base/fd.h"

namespace geventd::event {

/// A libev loop. It can run by itself (master) or nested in another loop that watches
/// backend_fd() (worker: gevent's hub does). In a nested loop only Io watchers work: libev's
/// timers and asyncs would not wake the outer loop. Deadlines and wake() are built on Io.
/// Lives in: master; worker, loop side. Belongs to one thread. Not copied over a fork: make it
/// after.
class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Blocks and serves events until stop().
    void run();
    void stop();

    /// Serves what is ready without blocking, again while callbacks change watchers (libev hands
    /// a new watcher to epoll at the next pass only). True when a change is still not handed
    /// over: the caller arranges for another call.
    bool run_pending();

    /// Makes backend_fd() readable, so that an outer loop calls run_pending() soon. Signal-safe,
    /// thread-safe. Cheap when repeated before the loop runs.
    void wake() noexcept;

    /// The epoll descriptor that an outer loop watches.
    [[nodiscard]] int backend_fd() const { return backend_fd_; }

    /// What wake() writes to; watched for good.
    [[nodiscard]] int wake_fd() const { return wake_fd_.get(); }

    /// The time of this turn of the loop.
    [[nodiscard]] TimePoint now() const { return now_; }

    /// Reads the clock again; for callers outside a turn.
    TimePoint refresh_now();

    /// A watcher changed outside run_pending() is unknown to epoll until the loop runs; Io calls
    /// this, which wakes a nested loop.
    void touched() noexcept;

    struct ev_loop* raw() {
        return loop_;
    }

  private:
    static void on_wake(struct ev_loop*, ev_io* watcher, int) noexcept;
    int find_backend_fd();

    struct ev_loop* loop_;
    UniqueFd wake_fd_;
    ev_io wake_watcher_{};
    int backend_fd_ = -1;
    bool dirty_ = false;
    bool turning_ = false;
    bool woken_ = false;
    TimePoint now_;
};

/// Has `tell` called before libev ends the process because the kernel refuses a loop what it cannot
/// do without.
void on_failure(void (*tell)() noexcept);

/// Watches one descriptor, which it does not own: the watcher must go before the descriptor is
/// closed. The callback is a member function: `Io io{loop}; io.bind<Class, &Class::on_io>(this)`.
class Io {
  public:
    enum Events : int { kRead = EV_READ, kWrite = EV_WRITE };

    explicit Io(Loop& loop) : loop_(loop) { ev_init(&watcher_, nullptr); }

    Io(const Io&) = delete;
    Io& operator=(const Io&) = delete;

    ~Io() { stop(); }

    template <typename T, void (T::*method)(int events) noexcept>
    void bind(T* object) {
        watcher_.data = object;
        ev_set_cb(&watcher_, (&call<T, method>));
    }

    /// Has epoll take a descriptor that this loop has never known, and that is watched next: 0, or
    /// why it does not (errno). Where epoll refuses what watch() wants, libev ends the process.
    [[nodiscard]] int introduce(int fd);

    /// Watches `fd` for `events` from now on; replaces what was watched before.
    void watch(int fd, int events);
    void stop();

    /// Has the callback called soon, as if the descriptor were ready for `events`. It must be
    /// watched.
    void feed(int events);

    /// Stops, and takes the descriptor out of epoll: to be called before it is closed. A closed
    /// one whose socket lives on in another process would go on reporting events, at which libev
    /// makes itself a new epoll descriptor, which no outer loop watches.
    void forget();

    [[nodiscard]] bool active() const { return ev_is_active(&watcher_); }

    [[nodiscard]] int events() const { return active() ? watcher_.events & (kRead | kWrite) : 0; }

  private:
    template <typename T, void (T::*method)(int) noexcept>
    static void call(struct ev_loop*, ev_io* watcher, int events) noexcept {
        (static_cast<T*>(watcher->data)->*method)(events);
    }

    Loop& loop_;
    ev_io watcher_;
    bool registered_ = false;
};

}  // namespace geventd::event
