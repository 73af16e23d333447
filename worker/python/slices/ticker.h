// SPDX-License-Identifier: MIT
#pragma once

#include <time.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include <pthread.h>

#include "base/clock.h"
#include "worker/python/slices/tick_signal.h"

namespace geventd::py {

/// A thread that never takes the GIL. When the hub has not polled for a period and its thread
/// computes, it sends the tick signal to it, and again after each further period; never a second
/// one before the handler of the first has run. A call that waits in C is left alone, but for one
/// that waits for a lock while greenlets are suspended: one of them may have it. An idle worker
/// wakes the thread ten times a second. Lives in: worker, Python side; made in the thread of the
/// hub.
class Ticker {
  public:
    /// Throws ErrnoError.
    Ticker(TickSignal& signal, Duration period);
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;
    ~Ticker();

    /// The hub has polled, or goes on with a greenlet that was suspended. In the hub's thread.
    void turned() noexcept;

    /// The handler runs; the next signal comes not before `pause`. In the hub's thread.
    void handled(Duration pause) noexcept;

    /// Whether greenlets are suspended by slices now. In the hub's thread.
    void suspend(bool some) noexcept { suspends_.store(some, std::memory_order_relaxed); }

    /// Whether the signal was found to be another's since the last call.
    [[nodiscard]] bool has_lost_signal() noexcept {
        return lost_.load(std::memory_order_relaxed) && lost_.exchange(false);
    }

  private:
    /// What the thread saw when it last looked.
    struct Look {
        TimePoint turned;
        TimePoint when;
        Duration cpu{};
        TimePoint wake;  ///< when a call that waits for a lock is woken up
        int idle = 0;    ///< how often in a row the hub's thread did not compute
    };

    /// What the hub's thread does.
    enum class Deed { Unknown, Computes, WaitsForLock, Calls };

    void run() noexcept;
    [[nodiscard]] Duration look(Look& last);
    void send(TickSignal::Calls calls);
    [[nodiscard]] Deed deed_of_hub() const;
    [[nodiscard]] Duration cpu_time() const;

    TickSignal& signal_;
    Duration period_;
    pthread_t hub_;
    std::string call_;  ///< the file that says in which system call the hub's thread waits
    clockid_t clock_{};
    std::atomic<TimePoint> turned_;
    std::atomic<TimePoint> not_before_;
    std::atomic<bool> on_its_way_ = false;  ///< a signal, until its handler runs
    std::atomic<bool> suspends_ = false;
    std::atomic<bool> lost_ = false;
    std::atomic<bool> asleep_ = false;  ///< turned() wakes the thread
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ends_ = false;
    std::thread thread_;
};

}  // namespace geventd::py
