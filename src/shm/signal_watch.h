// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "shm/signal_claimer.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

/// Ensures that no signal waits for a worker that does not react: one that is unclaimed for 10 ms
/// wakes the next eligible worker, in order of load, and so on every 10 ms. The master watches
/// instead of the sender, since the sender's own hub may be the blocked one. While nothing waits
/// the watch sleeps like a worker: the first sender wakes the master by its eventfd. A slow tick
/// runs all the same and makes up for a wake-up that was lost with its sender.
/// Lives in: master, which calls tick() when its eventfd is readable and when the time that tick()
/// returned is over.
class SignalWatch {
  public:
    static constexpr std::chrono::milliseconds kPatience{10};
    static constexpr std::chrono::milliseconds kSlowTick{1000};

    SignalWatch(const SignalTable& table, SignalWaker& waker);

    /// Examines unclaimed signals, wakes workers, and returns when to call again. `now` is the
    /// steady clock in nanoseconds.
    std::chrono::milliseconds tick(std::int64_t now);

  private:
    /// A worker that takes signals, copied once per tick, since a tick may choose many times.
    struct Taker {
        std::uint32_t load = 0;
        unsigned process = 0;
        std::uint32_t worker = 0;
        std::array<std::uint64_t, kSignalNumbers / 64> handlers{};

        [[nodiscard]] bool matches(const SignalRouting& routing) const {
            return (handlers[routing.number / 64] >> (routing.number % 64) & 1) != 0 &&
                   (routing.target.kind == TargetKind::Any || routing.target.worker == worker);
        }
    };

    bool look(unsigned index, std::int64_t now);
    void choose(const SignalRouting& routing, std::int64_t age);
    void find_takers();
    bool prepare_to_wait();

    SignalTable table_;
    SignalRegistry registry_;
    SignalWaker& waker_;
    std::vector<SignalCursor> cursors_;         ///< by queue: the first unclaimed slot
    std::vector<bool> poke_;                    ///< by process: this tick wakes it
    std::vector<Taker> takers_;                 ///< the least busy first; as of the first choice
    std::unordered_set<std::uint64_t> chosen_;  ///< targets already handled in this tick
    unsigned quiet_ = 0;                        ///< ticks in a row with nothing unclaimed
};

}  // namespace geventd::shm
