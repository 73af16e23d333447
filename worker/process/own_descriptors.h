// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "event/loop.h"

namespace geventd::worker {

/// What is the application's fault, for the log: "descriptor 7, <what>, was closed or ...".
std::string lost_text(int number, std::string_view what);

/// Whether both numbers are ours still: an epoll, and what it watches. Async-signal-safe.
bool watches(int epoll, int fd) noexcept;

/// Has `io`'s epoll forget a descriptor that the application has closed or replaced. Epoll knows
/// the file by its number as well: for a moment that leads to it again, by the copy. Ends this
/// process where the kernel does not allow that; what stands there is left alone.
void forget_lost(event::Io& io, int number, int copy) noexcept;

/// Knows whether turns still come to a serving worker: whether its loop's epoll watches what wakes
/// the loop, and gevent's epoll watches that. An application that closes descriptors can take
/// either, after which nothing is ever noticed, or the hub spins. The worker cannot go on then.
///
/// The kernel is asked by adding what must be there already. Nothing is kept of these descriptors:
/// a copy would keep what epoll knows of a closed one alive, which confuses libev. To add an epoll
/// has the kernel go through all that it watches, so that is done now and then only.
/// Lives in: worker, while it serves. Any thread may ask; a forked child must not.
class OwnDescriptors {
  public:
    /// Begins when `loop` has been given a turn: gevent's epoll is the one that watches it.
    void guard(const event::Loop& loop);

    /// The end has begun, which has its own limit.
    void leave();

    /// A sentence that says which one the application has taken; "": none, or it cannot be seen.
    /// A loop that renews its epoll, as gevent.reinit() has it do, knows everything again when it
    /// has polled.
    std::string lost();

    /// For a thread that looks now and then. Where this is false it looks again after kRenewal:
    /// when something has been lost for a second, the process ends with ExitCode::LostDescriptor
    /// and that sentence in the log.
    bool seem_well() noexcept;

    static constexpr Duration kRenewal = std::chrono::milliseconds(50);

  private:
    std::string look(bool thoroughly);

    std::mutex mutex_;
    int outer_ = -1;  ///< gevent's epoll; -1: not guarded
    int inner_ = -1;  ///< the loop's epoll
    int wake_ = -1;   ///< the eventfd that wakes the loop
    unsigned looks_ = 0;
    unsigned doubts_ = 0;  ///< looks up to now, one after the other, that found something lost
};

}  // namespace geventd::worker
