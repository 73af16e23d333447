// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shm/signal_registry.h"

namespace geventd::shm {

/// A signal that a process holds. The payload stays in shared memory and is valid until the
/// signal is finished.
struct SignalClaim {
    unsigned queue = 0;  ///< the queue that it is in
    std::uint32_t slot = 0;
    std::uint64_t state = 0;  ///< the slot's state word while it is held
    SignalRouting routing;
    std::uint64_t sequence = 0;
    std::int64_t sent_at = 0;
    std::uint8_t attempts = 0;  ///< earlier attempts, whose worker died in the handler
    std::uint32_t repeats = 0;  ///< further ticks that this one stands for
    std::int32_t sender_pid = 0;
    std::span<const std::byte> payload;
};

/// A reader's position in a queue. Private to the reader; signals before it are other workers',
/// held or finished.
struct SignalCursor {
    std::uint64_t position = 0;
    std::uint64_t rescans = 0;

    /// Takes note of new signals; returns the end of those to be examined, which begin at
    /// `position`. A reader that is more than a whole lap behind examines every slot once.
    std::uint64_t refresh(const SignalQueue& queue) noexcept;

    /// Whether something was published that the reader has not examined. For the sleep protocol.
    [[nodiscard]] bool behind(const SignalQueue& queue) const noexcept;
};

/// Where the signal of a slot goes; nothing if the slot contains what no writer can have written.
/// To be called before the signal is claimed.
std::optional<SignalRouting> read_routing(const SignalTable& table, const SignalQueue& queue,
                                          std::uint32_t slot);

/// Reads a slot that the reader holds. Returns nothing, and makes the signal wait again, if its
/// words are impossible: others may still overwrite them.
std::optional<SignalClaim> read_held(const SignalTable& table, unsigned queue, std::uint32_t slot,
                                     const SignalState& state);

/// The receiving side: claims signals for one worker and finishes them. It examines only what was
/// published since its last look, and everything again when the master has redelivered.
/// Lives in: worker. One a process; calls are serialised by the caller. Nothing blocks.
class SignalClaimer {
  public:
    SignalClaimer(const SignalTable& table, unsigned process);

    /// True: ready for signals. False: draining, so unclaimed signals go to others.
    void accept(bool on) noexcept;

    /// Claims one more signal, if there is one for this worker. The caller stops asking when as
    /// many handlers run as are allowed.
    std::optional<SignalClaim> claim() noexcept;

    /// The handler begins now: if the worker dies from here on, that counts as an attempt.
    void begin(SignalClaim& claim) noexcept;

    /// The handler is over, by return or by exception: the signal never runs again.
    void finish(const SignalClaim& claim, bool failed) noexcept;

    /// The handler need not run, because one that is running stands for this signal too; counted as
    /// coalesced. Instead of begin() and finish().
    void absorb(const SignalClaim& claim) noexcept;

    /// To be called when claim() found nothing, before waiting for the eventfd: true if it is safe
    /// to wait, false if something came meanwhile (claim again).
    bool prepare_to_wait() noexcept;

    /// Examines every slot again, because a handler was registered.
    void rescan() noexcept;

    /// Restores this process's mark that it takes signals, if somebody else has overwritten it.
    /// True if so.
    bool reassert() noexcept;

    [[nodiscard]] std::uint32_t held() const { return held_; }

  private:
    std::optional<SignalClaim> claim_from(unsigned index) noexcept;
    std::optional<SignalClaim> try_claim(unsigned index, std::uint32_t slot) noexcept;
    bool let_go(const SignalClaim& claim) noexcept;

    SignalTable table_;
    SignalRegistry registry_;
    unsigned process_;
    std::uint16_t incarnation_;
    std::vector<SignalCursor> cursors_;
    unsigned turn_ = 0;
    unsigned streak_ = 0;
    std::uint32_t held_ = 0;
    bool accepting_ = false;
};

}  // namespace geventd::shm
