// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "shm/signal_registry.h"

namespace geventd::shm {

/// How busy the workers are; implemented by whoever knows (the scoreboard).
class SignalLoads {
  public:
    SignalLoads() = default;
    SignalLoads(const SignalLoads&) = delete;
    SignalLoads& operator=(const SignalLoads&) = delete;
    virtual ~SignalLoads() = default;
    [[nodiscard]] virtual std::uint32_t load(unsigned process) const noexcept = 0;
};

/// Wakes processes through their eventfds, only when they sleep, and without losing a wake-up:
///
///   sender                               worker
///   S1 publish (move the head)           W1 sleeping = 1
///   S2 read sleeping of the chosen one   W2 read the heads once more
///   S3 if 1: swap it to 0, write         W3 nothing new: wait for the eventfd
///
/// S1, S2, W1 and W2 are sequentially consistent, so they have one order. If W2 does not see S1,
/// then W1 < W2 < S1 < S2 and S2 sees the flag. If S2 does not see the flag, then S2 < W1, S1 <
/// W2 and W2 sees the signal. Only one swap succeeds, so each sleep costs one write. A sender that
/// is killed in the middle of S3 takes the wake-up with it: its call never returned, and the master
/// writes to all eventfds when a process has died and when a signal is unclaimed for 10 ms.
///
/// For "any worker" the least busy eligible one is woken; on a tie they take turns. Being woken is
/// no reservation: any other worker may claim first.
/// Lives in: every process. The eventfds (one a process, -1: none) stay their owner's.
class SignalWaker {
  public:
    /// Adds one to an eventfd; does nothing when its counter is at its maximum.
    using Write = void (*)(int fd) noexcept;

    /// Uses write(2), which blocks if the counter is at its maximum and another process has cleared
    /// O_NONBLOCK.
    static void write_plainly(int fd) noexcept;

    SignalWaker(const SignalTable& table, std::vector<int> eventfds, const SignalLoads* loads,
                Write write = &write_plainly)
        : table_(table),
          registry_(table),
          eventfds_(std::move(eventfds)),
          loads_(loads),
          write_(write) {}

    /// Sets the process's eventfd.
    void set_eventfd(unsigned process, int fd);

    /// To be called when a slot was published (its queue's head has moved): wakes the process that
    /// should claim it, and the master's watch.
    void published(const SignalRouting& routing) noexcept;

    /// Wakes the process if it sleeps.
    void wake(unsigned process) noexcept;

    /// Wakes the process whatever its flag says; wakes the master instead if the eventfd is unknown
    /// here.
    void poke(unsigned process) noexcept;

    /// How many requests and handlers the process runs now.
    [[nodiscard]] std::uint32_t load(unsigned process) const noexcept;

  private:
    void wake_least_busy(const SignalRouting& routing) noexcept;

    SignalTable table_;
    SignalRegistry registry_;
    std::vector<int> eventfds_;
    const SignalLoads* loads_;
    Write write_;
    unsigned turn_ = 0;
};

}  // namespace geventd::shm
