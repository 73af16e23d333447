// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "event/loop.h"

namespace geventd::worker {

/// What is the application's fault, for the log: "descriptor 7, <what>, was closed or ...".
std::string lost_text(int number, std::string_view what);

/// Has `io`'s epoll forget a descriptor that the application has closed or replaced. Epoll knows
/// the file by its number as well: for a moment that leads to it again, by the copy.
void forget_lost(event::Io& io, int number, int copy) noexcept;

/// Knows whether turns still come to a serving worker: whether its loop's epoll watches what wakes
/// the loop, and gevent's epoll watches that. An application that closes descriptors can take
/// either, after which nothing is ever noticed, or the hub spins. The worker cannot go on then.
///
/// The kernel is asked by adding what must be there already. Nothing is kept of these descriptors:
/// a copy would keep what epoll knows of a closed one alive, which confuses libev. To add an epoll
/// has the kernel go through all that it watches, so that is done now and then only; a mark tells
/// when libev has made itself a new one, which no outer loop watches.
/// Lives in: worker, while it serves. Any thread may ask; a forked child must not.
class OwnDescriptors {
  public:
    /// Begins when `loop` has been given a turn: gevent's epoll is the one that watches it.
    void guard(const event::Loop& loop);

    /// The end has begun, which has its own limit.
    void leave();

    /// A sentence that says which one the application has taken; "": none.
    std::string lost();

    /// Leaves with ExitCode::LostDescriptor and that sentence in the log.
    void end_if_lost();

    /// For another thread than the hub's. Where this is false it should look again after
    /// kRenewal: a loop that renews its epoll, as gevent.reinit() has it do, knows everything
    /// again after some microseconds.
    bool seems_well();

    static constexpr Duration kRenewal = std::chrono::milliseconds(50);

  private:
    std::string look();
    std::string look_inside();

    std::mutex mutex_;
    int outer_ = -1;  ///< gevent's epoll; -1: not guarded
    int inner_ = -1;  ///< the loop's epoll
    int wake_ = -1;   ///< the eventfd that wakes the loop
    UniqueFd mark_;   ///< in the loop's epoll, for nothing
    unsigned looks_ = 0;
};

}  // namespace geventd::worker
