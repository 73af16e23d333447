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
        Attempts,      ///< its handler died with its worker as often as is allowed
        Unregistered,  ///< the generation that serves now has no handler for it
        NoWorker,      ///< a copy for a worker that does not exist any more
    };

    Reason reason = Reason::Attempts;
    std::uint8_t number = 0;
    std::uint8_t attempts = 0;
    std::uint16_t worker = 0;  ///< NoWorker: which
    std::uint64_t sequence = 0;
};

/// What the master has said of the places itself. It goes by this and not by what stands in the
/// memory, which others can write.
struct SignalPlaces {
    struct Place {
        bool alive = false;  ///< handed out and not reaped
        std::uint32_t incarnation = 1;
        std::uint32_t generation = 0;
        std::uint32_t worker = 0;
    };

    std::vector<Place> of;     ///< by process
    std::uint32_t in_use = 1;  ///< those that were ever handed out stand below it
    SignalServing serving;
    std::array<std::uint32_t, SignalHeader::kRows> rows{};  ///< generations
};

struct Reaped {
    unsigned redelivered = 0;
    std::vector<SignalLoss> set_aside;
};

/// What only the master does to the table: it hands processes their places, takes back what the
/// dead held, and gives up what nobody can run. Each deed can be cut off anywhere and done again
/// from the start, by this master or by one that takes over: progress is in the state words.
/// Lives in: master, which alone knows that a process is dead.
class SignalRecovery {
  public:
    SignalRecovery(const SignalTable& table, SignalWaker& waker, unsigned max_attempts);
    SignalRecovery(const SignalRecovery&) = delete;
    SignalRecovery& operator=(const SignalRecovery&) = delete;
    ~SignalRecovery() = default;

    /// Before a generation's first process starts.
    void begin(std::uint32_t generation) noexcept;

    /// A place for a new process, whose predecessor was reaped; before it starts.
    void hand_out(unsigned process, std::uint32_t generation, unsigned worker) noexcept;

    /// The process is dead: its claims are ready again (those whose handler had begun with one
    /// more attempt, or set aside), what it had published goes on, and everybody is woken in case
    /// it took wake-ups with it.
    Reaped reap(unsigned process);

    /// Makes a generation the serving one and sends its workers to look at all that waits. Call
    /// set_aside_unregistered() when the old one is gone.
    void serve(std::uint32_t generation) noexcept;

    /// Gives up what waits for a number that the serving generation never registered.
    std::vector<SignalLoss> set_aside_unregistered();

    /// There are only `workers` workers from now on: signals that wait for a higher number go to
    /// any worker, copies for one are given up.
    std::vector<SignalLoss> retire_workers_above(unsigned workers);

    void wake_all() noexcept;

    [[nodiscard]] const SignalPlaces& places() const { return places_; }

    /// The table, by the number of processes that were handed out here.
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
