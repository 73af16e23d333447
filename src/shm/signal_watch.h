// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "shm/signal_claimer.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

/// Sees to it that no signal waits for a worker that does not look: one that is unclaimed for
/// 10 ms wakes the next eligible worker, in order of load, and so on every 10 ms. It is the
/// master that watches and not the sender, since the sender's own hub may be the blocked one.
/// While nothing waits the watch sleeps like a worker: the first sender wakes the master by its
/// eventfd. A slow tick runs all the same and heals a wake-up that died with its sender.
/// Lives in: master, which calls tick() when its eventfd is readable and when the time it was
/// given is over.
class SignalWatch {
  public:
    static constexpr std::chrono::milliseconds kPatience{10};
    static constexpr std::chrono::milliseconds kSlowTick{1000};

    SignalWatch(const SignalTable& table, SignalWaker& waker);

    /// Looks at what is unclaimed, wakes, and says when to call again. `now` is the steady clock
    /// in nanoseconds.
    std::chrono::milliseconds tick(std::int64_t now);

  private:
    bool look(unsigned index, std::int64_t now);
    void choose(const SignalRouting& routing, std::int64_t age);
    bool prepare_to_wait();

    SignalTable table_;
    SignalRegistry registry_;
    SignalWaker& waker_;
    std::vector<SignalCursor> cursors_;         ///< at the first slot that is unclaimed
    std::vector<bool> poke_;                    ///< by process: this tick wakes it
    std::unordered_set<std::uint64_t> chosen_;  ///< targets already decided in this tick
    unsigned quiet_ = 0;                        ///< ticks in a row with nothing unclaimed
};

}  // namespace geventd::shm
