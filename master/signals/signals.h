// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
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

/// The master's part in signals and locks: their shared memory, the workers' places in it,
/// cleaning up after dead workers, ticks of the schedule, and reporting signals that nobody
/// claims. The sizes of the memory are those configured at the start, for all generations.
/// Applications may damage the memory at any time; then it is replaced (memories.h).
/// Lives in: master, one; outlives generations.
class Signals {
  public:
    /// `tenant`: the user that workers run as. Throws ErrnoError.
    Signals(event::Loop& loop, event::DeadlineClock& clock, const config::Signals& settings,
            const shm::Scoreboard& scoreboard, Identity tenant = {});
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() = default;

    // Events of generations.

    /// Call before a generation's first process starts.
    void begin(std::uint32_t generation, const config::Settings& settings);
    void serve(std::uint32_t generation, unsigned workers);
    void forget(std::uint32_t generation);

    /// A former generation is gone: sets aside the signals that only it could handle.
    void former_is_gone();

    /// The serving generation has this number of workers from now on.
    void resize(unsigned workers);

    // Events of workers; `slot` is the worker's in the scoreboard.

    /// Call before the worker is started, or asked of a template.
    void hand_out(std::uint32_t slot, std::uint32_t generation, std::uint32_t worker);

    /// The worker's process is dead, or will never be started.
    void reap(std::uint32_t slot);

    /// From now on the ends of workers are told by this signal (hooks.worker-died); nullopt: not.
    void tell_ends_by(std::optional<int> number) { tells_ends_by_ = number; }

    /// The process of a worker has ended. Call after reap().
    void tell_end(pid_t pid, std::string_view reason) noexcept;

    /// A worker reported a timer, cron entry or monitor of its own; `serves`: not while it started.
    void schedule(std::uint32_t slot, const ipc::Message& message, bool serves);

    // For upgrades.

    /// Sends the signals of the schedule; only one of two masters may have its ticker running.
    Ticker& ticker() { return ticker_; }

    /// Takes over a pending signal of the former master; false when the queue is full.
    bool take_over(const shm::SignalClaim& signal);

    /// The table of the serving generation.
    [[nodiscard]] shm::SignalTable table() const { return memories_.serving().recovery.table(); }

    // For a damaged memory.

    /// When to start a new generation, which gets a fresh memory.
    [[nodiscard]] TimePoint renewal_due() const { return memories_.renewal_due(); }

    /// The renewal failed before renew(): it is due again later.
    void put_off_renewal(TimePoint now) { memories_.put_off_renewal(now); }

    /// Call before a generation is started: replaces damaged memory. Throws ErrnoError.
    void renew(TimePoint now) { memories_.renew(now, eventfds_.numbers()); }

    // What processes inherit.

    /// Copies of the eventfds for a process of a generation with this number of workers. Throws
    /// ErrnoError.
    std::vector<UniqueFd> eventfds_for(int workers);

    /// A copy of the worker's own eventfd. Throws ErrnoError.
    UniqueFd eventfd_of(std::uint32_t slot);

    [[nodiscard]] int memory_fd(std::uint32_t generation) const {
        return memories_.of_generation(generation).region.fd();
    }

    // For operators.

    /// Fails with a sentence when the signal was not accepted.
    Result<void> send(std::uint8_t number, std::string_view payload);

    [[nodiscard]] std::vector<SignalStatus> status() const;
    [[nodiscard]] std::vector<LockStatus> lock_status() const;

    [[nodiscard]] const SignalMemoryStatus& memory_status() const { return memories_.status(); }

    /// The number of accepted signals that no worker has claimed.
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
    unsigned workers_ = 0;  ///< workers of the serving generation
    std::optional<int> tells_ends_by_;
    unsigned known_to_all_ = 0;  ///< every process has the eventfds of those below this number
};

}  // namespace geventd::master
