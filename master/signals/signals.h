// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "event/loop.h"
#include "event/timer.h"
#include "ipc/messages.h"
#include "master/host/privileges.h"
#include "master/signals/eventfds.h"
#include "master/signals/memories.h"
#include "master/signals/ticker.h"
#include "master/status/status.h"
#include "shm/signal_region.h"

namespace geventd::master {

/// The master's part in the signals and locks: their memory, the places of workers in it, what
/// the dead leave behind, the ticks of the schedule, and the watch over signals that nobody
/// claims. The memory's sizes are those of the start, which all generations are configured with.
/// The memory may be damaged by applications at any time, and then is replaced (memories.h).
/// Lives in: master, one; outlives generations.
class Signals {
  public:
    /// `tenant`: as whom workers run. Throws ErrnoError.
    Signals(event::Loop& loop, event::DeadlineClock& clock, const config::Signals& settings,
            const shm::Scoreboard& scoreboard, Identity tenant = {});
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() = default;

    // What becomes of generations.

    /// Before a generation's first process starts.
    void begin(std::uint32_t generation, const config::Settings& settings);
    void serve(std::uint32_t generation, unsigned workers);
    void forget(std::uint32_t generation);

    /// A former generation has left: what only it could run is set aside.
    void former_is_gone();

    /// The serving generation has so many workers from now on.
    void resize(unsigned workers);

    // What becomes of workers; `slot` is theirs in the scoreboard.

    /// Before the worker starts, or is asked of a template.
    void hand_out(std::uint32_t slot, std::uint32_t generation, std::uint32_t worker);

    /// The worker's process is dead, or was never alive and never will be.
    void reap(std::uint32_t slot);

    /// A worker told of a timer, cron entry or monitor of its own.
    void schedule(std::uint32_t slot, const ipc::Message& message);

    // Over an upgrade.

    /// What sends signals by the clock, of which only one master may have one that is not held.
    Ticker& ticker() { return ticker_; }

    /// Takes a pending signal of the former master over; false: the queue is full.
    bool take_over(const shm::SignalClaim& signal);

    /// Of the generation that serves.
    [[nodiscard]] shm::SignalTable table() const { return memories_.serving().recovery.table(); }

    // When the memory is damaged.

    /// A new generation is to be started, which gets a fresh one.
    [[nodiscard]] TimePoint renewal_due() const { return memories_.renewal_due(); }

    /// It has come to nothing before renew(): the next attempt is due later.
    void put_off_renewal(TimePoint now) { memories_.put_off_renewal(now); }

    /// Before a generation is started: renews what is damaged. Throws ErrnoError.
    void renew(TimePoint now) { memories_.renew(now, eventfds_.numbers()); }

    // What crosses the exec.

    /// Copies of the eventfds that a process of a generation with so many workers shall know.
    /// Throws ErrnoError.
    std::vector<UniqueFd> eventfds_for(int workers);

    /// A copy of the worker's own eventfd. Throws ErrnoError.
    UniqueFd eventfd_of(std::uint32_t slot);

    [[nodiscard]] int memory_fd(std::uint32_t generation) const {
        return memories_.of_generation(generation).region.fd();
    }

    // For people.

    /// Fails with a sentence when the signal was not accepted.
    Result<void> send(std::uint8_t number, std::string_view payload);

    [[nodiscard]] std::vector<SignalStatus> status() const;
    [[nodiscard]] std::vector<LockStatus> lock_status() const;

    [[nodiscard]] const SignalMemoryStatus& memory_status() const { return memories_.status(); }

    /// How many accepted signals no worker has taken.
    [[nodiscard]] std::uint64_t waiting() const;

  private:
    void on_woken(int events) noexcept;
    void watch() noexcept;
    void look_for_damage() noexcept;
    void wake_lock_waiters();
    int eventfd(unsigned process);
    void retire_workers();
    void tick(std::uint8_t number) noexcept;
    shm::SendResult send_out(const shm::OutgoingSignal& signal) noexcept;

    event::Loop& loop_;
    config::Signals settings_;
    Identity tenant_;
    shm::ScoreboardLoads loads_;
    SignalMemories memories_;
    Eventfds eventfds_;
    event::Timer watch_timer_;
    event::Timer damage_timer_;
    event::Io eventfd_io_;
    Ticker ticker_;
    unsigned workers_ = 0;       ///< of the serving generation
    unsigned known_to_all_ = 0;  ///< the eventfds of processes below it were handed to everybody
};

}  // namespace geventd::master
