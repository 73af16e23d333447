// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "event/loop.h"

namespace geventd::worker {

/// A line for the log when the application has taken a descriptor: "descriptor 7, <what>, was
/// closed or ...".
std::string lost_text(int number, std::string_view what);

/// Whether `epoll` watches `fd`; if not, one of the numbers is not ours any more.
/// Async-signal-safe.
bool watches(int epoll, int fd) noexcept;

/// Removes a descriptor that the application has closed or replaced from `io`'s epoll. Epoll knows
/// a file by its number as well, so `number` is made a duplicate of `copy` for a moment; what the
/// application has there is restored. Ends this process if the kernel does not allow that.
void forget_lost(event::Io& io, int number, int copy) noexcept;

/// A second descriptor of the same file, with a higher number: code that closes descriptors in
/// ascending order reaches it later. Empty when there is none, or no free number.
UniqueFd copy_of(const UniqueFd& fd) noexcept;

/// Puts the copy of a socket in the place of the descriptor that the application has taken, where
/// the loop watches it, too. False when the copy is lost as well: then both are empty, and their
/// numbers belong to the application.
bool replace_by_copy(event::Io& io, UniqueFd& fd, UniqueFd& copy, ino_t inode) noexcept;

/// Checks whether a serving worker still gets turns: whether its loop's epoll watches the eventfd
/// that wakes the loop, and gevent's epoll watches the loop's. An application that closes
/// descriptors can take either. Then nothing is ever noticed, or the hub spins, and the worker
/// cannot go on.
///
/// Asks the kernel by adding a descriptor that must be there already. Keeps no copies of these
/// descriptors: a copy would keep epoll's entry of a closed one alive, which confuses libev. Adding
/// an epoll makes the kernel go through all that it watches, so this is done rarely.
/// Lives in: worker, while it serves. Any thread may ask; a forked child must not.
class OwnDescriptors {
  public:
    /// Starts checking. Called when `loop` has had a turn, so that gevent's epoll watches it.
    void guard(const event::Loop& loop);

    /// Stops checking: the worker is ending, which has its own time limit.
    void leave();

    /// A sentence that names the descriptor that the application has taken; "": none, or unknown.
    /// A loop that renews its epoll (gevent.reinit()) has restored everything after its next poll.
    std::string lost();

    /// For a thread that checks now and then. After false it calls this again every kRenewal: when
    /// something has been lost for a second, ends the process with ExitCode::LostDescriptor and
    /// the sentence of lost() in the log.
    bool seem_well() noexcept;

    static constexpr Duration kRenewal = std::chrono::milliseconds(50);

  private:
    std::string look(bool thoroughly);

    std::mutex mutex_;
    int outer_ = -1;  ///< gevent's epoll; -1: not guarded
    int inner_ = -1;  ///< the loop's epoll
    int wake_ = -1;   ///< the eventfd that wakes the loop
    unsigned looks_ = 0;
    unsigned doubts_ = 0;  ///< how many of the latest looks in a row found something lost
};

}  // namespace geventd::worker
