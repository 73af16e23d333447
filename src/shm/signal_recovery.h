// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shm/signal_registry.h"
#include "shm/signal_wake.h"

namespace geventd::shm {

/// A signal that was given up, for the log.
struct SignalLoss {
    enum class Reason {
        Attempts,      ///< its handler died with its worker as often as allowed
        Unregistered,  ///< the serving generation has no handler for it
        NoWorker,      ///< a copy for a worker that no longer exists
    };

    Reason reason = Reason::Attempts;
    std::uint8_t number = 0;
    std::uint8_t attempts = 0;
    std::uint16_t worker = 0;  ///< NoWorker: which
    std::uint64_t sequence = 0;
};

/// The state of all workers' slots as the master itself has set it. It trusts this instead of the
/// memory, which others can write.
struct SignalPlaces {
    struct Place {
        bool alive = false;  ///< handed out and not reaped
        std::uint32_t incarnation = 1;
        std::uint32_t generation = 0;
        std::uint32_t worker = 0;
    };

    std::vector<Place> of;     ///< by process
    std::uint32_t in_use = 1;  ///< processes that were ever handed out are below it
    SignalServing serving;
    std::array<std::uint32_t, SignalHeader::kRows> rows{};  ///< the generation of each row
};

struct Reaped {
    unsigned redelivered = 0;
    std::vector<SignalLoss> set_aside;
};

/// What only the master does to the table: it hands out slots to processes, takes back what dead
/// ones held, and gives up what nobody can run. Each operation can be interrupted anywhere and
/// repeated from the start, by this master or its successor: progress is in the state words.
/// Lives in: master, which alone knows when a process is dead.
class SignalRecovery {
  public:
    SignalRecovery(const SignalTable& table, SignalWaker& waker, unsigned max_attempts);
    SignalRecovery(const SignalRecovery&) = delete;
    SignalRecovery& operator=(const SignalRecovery&) = delete;
    ~SignalRecovery() = default;

    /// To be called before a generation's first process starts.
    void begin(std::uint32_t generation) noexcept;

    /// Hands out a slot to a new process, before it starts. REQUIRES: its predecessor was reaped.
    void hand_out(unsigned process, std::uint32_t generation, unsigned worker) noexcept;

    /// To be called when the process is dead: its claims are ready again (those whose handler had
    /// begun with one more attempt, or else set aside), what it had published stays, and everybody
    /// is woken in case it died while waking somebody.
    Reaped reap(unsigned process);

    /// Makes a generation the serving one and makes its workers examine all waiting signals. Call
    /// set_aside_unregistered() when the old generation is gone.
    void serve(std::uint32_t generation) noexcept;

    /// Gives up signals that wait for a number the serving generation never registered.
    std::vector<SignalLoss> set_aside_unregistered();

    /// From now on there are only `workers` workers: signals that wait for a higher number go to
    /// any worker; copies for one are given up.
    std::vector<SignalLoss> retire_workers_above(unsigned workers);

    void wake_all() noexcept;

    [[nodiscard]] const SignalPlaces& places() const { return places_; }

    /// The table; its number of processes is that handed out here.
    [[nodiscard]] SignalTable table() const { return table_; }

  private:
    bool give_up(const SignalQueue& queue, std::uint32_t slot, std::uint64_t word);
    bool send_to_any(const SignalQueue& queue, std::uint32_t slot, std::uint64_t word);
    bool take_back(const SignalQueue& queue, std::uint32_t slot, const SignalState& state,
                   Reaped& reaped);
    [[nodiscard]] SignalLoss describe(const SignalQueue& queue, std::uint32_t slot,
                                      std::uint64_t word, SignalLoss::Reason reason) const;

    SignalPlaces places_;
    SignalTable table_;
    SignalRegistry registry_;
    SignalWaker& waker_;
    unsigned max_attempts_;
};

}  // namespace geventd::shm
