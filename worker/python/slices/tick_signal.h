// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <atomic>
#include <ctime>
#include <optional>

#include <pthread.h>

#include "base/clock.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// The Unix signal by which the ticker reaches the thread of the hub: the highest real-time number
/// that nobody uses. CPython calls its handler at the next safe point; system calls that wait go
/// on, unless they are to fail with EINTR. Whoever installs a handler of that number later (Python,
/// libev, a C library) keeps it, and this one takes another number. The handler stays to the end of
/// the process. Lives in: worker, Python side. Made in the thread of the hub with the GIL held.
class TickSignal {
  public:
    /// `handler` is what Python calls. Throws PythonError, or std::runtime_error when every number
    /// is in use.
    explicit TickSignal(Ref handler);
    TickSignal(const TickSignal&) = delete;
    TickSignal& operator=(const TickSignal&) = delete;
    ~TickSignal() = default;

    /// Whether its handler is still the one that the kernel calls. In any thread, without the GIL.
    [[nodiscard]] bool is_ours() const noexcept;

    /// What becomes of a system call that the signal finds waiting.
    enum class Calls { GoOn, Fail };

    /// Sends it to a thread of this process. False when it is not ours any more. In any thread.
    [[nodiscard]] bool send(pthread_t thread, Calls calls) noexcept;

    /// Sends it to the calling thread so much later (less than a second), where a call that waits
    /// then fails. If there is no timer for that, it is not sent.
    void send_later(Duration delay) noexcept;

    /// Takes another number, if there is one; else the log says once that there are no slices.
    /// With the GIL, in the thread of the hub.
    void take_another() noexcept;

    [[nodiscard]] int number() const noexcept { return number_.load(); }

  private:
    [[nodiscard]] bool take();
    void install(int number, Calls calls) noexcept;

    Ref handler_;
    Ref set_;  ///< signal.signal(), as CPython has it
    std::atomic<int> number_ = 0;
    std::atomic<Calls> calls_ = Calls::GoOn;
    std::optional<timer_t> timer_;  ///< of send_later()
    bool told_ = false;             ///< the log says that every number is another's
};

}  // namespace geventd::py
