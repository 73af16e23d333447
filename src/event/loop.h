// SPDX-License-Identifier: MIT
#pragma once

#include <ev.h>

#include <functional>

#include "base/clock.h"
#include "base/fd.h"

namespace geventd::event {

/// A libev loop. It runs by itself (master), or nested in another loop that watches backend_fd()
/// (worker: gevent's hub). In a nested loop only Io watchers work, because libev's timers and
/// asyncs would not wake the outer loop; deadlines and wake() are built on Io.
/// Lives in: master; worker, loop side. Belongs to one thread. Does not survive a fork: create it
/// afterwards.
class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run();
    void stop();

    /// Handles ready events without blocking. Repeats while callbacks change watchers, as libev
    /// adds a new watcher to epoll only in its next pass. True when a change is still pending: the
    /// caller must arrange another call.
    bool run_pending();

    /// Makes backend_fd() readable, so that an outer loop calls run_pending() soon. Thread-safe
    /// and async-signal-safe. Cheap when repeated before the loop runs.
    void wake() noexcept;

    [[nodiscard]] int backend_fd() const { return backend_fd_; }

    /// The descriptor that wake() writes to; always watched.
    [[nodiscard]] int wake_fd() const { return wake_fd_.get(); }

    /// The time at which this turn of the loop began.
    [[nodiscard]] TimePoint now() const { return now_; }

    /// Reads the clock; for callers outside a turn.
    TimePoint refresh_now();

    /// Called by Io when a watcher changes: outside run_pending() epoll does not learn of that
    /// until the loop runs, so this wakes a nested loop.
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

/// Calls `tell` before libev ends the process because the kernel refuses a resource that it cannot
/// do without.
void on_failure(void (*tell)() noexcept);

/// Watches one descriptor without owning it; destroy the watcher before closing the descriptor.
/// The callback is a member function: `Io io{loop}; io.bind<Class, &Class::on_io>(this)`.
class Io {
  public:
    enum Events : int { kRead = EV_READ, kWrite = EV_WRITE };

    explicit Io(Loop& loop) : loop_(loop) { ev_init(&watcher_, nullptr); }

    Io(const Io&) = delete;
    Io& operator=(const Io&) = delete;

    ~Io() { stop(); }

    /// Which of the watchers that are ready in the same turn are called first.
    enum class Rank : int { Last = EV_MINPRI, Usual = 0, First = EV_MAXPRI };

    /// Call before watch().
    void set_rank(Rank rank) { ev_set_priority(&watcher_, static_cast<int>(rank)); }

    template <typename T, void (T::*method)(int events) noexcept>
    void bind(T* object) {
        watcher_.data = object;
        ev_set_cb(&watcher_, (&call<T, method>));
    }

    /// Call before watch() for a descriptor that this loop has not seen: adds it to epoll. Returns
    /// 0 or errno. If epoll refused it in watch(), libev would end the process.
    [[nodiscard]] int introduce(int fd);

    /// Watches `fd` for `events` from now on, in place of what was watched before.
    void watch(int fd, int events);
    void stop();

    /// Stops and removes the descriptor from epoll; call before closing it. A closed descriptor
    /// whose socket is still open in another process would keep reporting events, at which libev
    /// creates a new epoll descriptor that no outer loop watches.
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
