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
    unsigned queue = 0;  ///< whose queue it stands in
    std::uint32_t slot = 0;
    std::uint64_t state = 0;  ///< the slot's state word while it is held
    SignalRouting routing;
    std::uint64_t sequence = 0;
    std::int64_t sent_at = 0;
    std::uint8_t attempts = 0;  ///< earlier ones, which died in the handler
    std::uint32_t repeats = 0;  ///< further ticks that this one stands for
    std::int32_t sender_pid = 0;
    std::span<const std::byte> payload;
};

/// Where a reader of a queue stands. Private to the reader; signals before it are not its own,
/// held or over.
struct SignalCursor {
    std::uint64_t position = 0;
    std::uint64_t rescans = 0;

    /// Takes news of the queue in; returns the position up to which there is something to look
    /// at, from `position` on. A reader that fell behind a whole lap looks at every slot once.
    std::uint64_t refresh(const SignalQueue& queue) noexcept;

    /// Something was published that the reader has not looked at. For the sleep protocol.
    [[nodiscard]] bool behind(const SignalQueue& queue) const noexcept;
};

/// Where the signal of a slot goes; nothing when the slot says what no writer can have written. To
/// be asked before the signal is taken.
std::optional<SignalRouting> read_routing(const SignalTable& table, const SignalQueue& queue,
                                          std::uint32_t slot);

/// Reads what a slot says, for a reader that holds it. Nothing, and the signal waits again, when
/// that is impossible by now: the reader may have to do with words that others still overwrite.
std::optional<SignalClaim> read_held(const SignalTable& table, unsigned queue, std::uint32_t slot,
                                     const SignalState& state);

/// The receiving side: claims signals for one worker and finishes them. It looks only at what
/// was published since it last looked, and at everything again when the master redelivered.
/// Lives in: worker. One a process; calls are serialised by the caller. Nothing blocks.
class SignalClaimer {
  public:
    SignalClaimer(const SignalTable& table, unsigned process);

    /// Ready for signals (true) or draining (false): what is unclaimed goes to others.
    void accept(bool on) noexcept;

    /// Holds one more signal, if there is one for this worker. The caller asks no more when its
    /// limit of running handlers is reached.
    std::optional<SignalClaim> claim() noexcept;

    /// The handler begins now: should the worker die from here on, it counts as an attempt.
    void begin(SignalClaim& claim) noexcept;

    /// The handler is over, well or by an exception: the signal never runs again.
    void finish(const SignalClaim& claim, bool failed) noexcept;

    /// The handler need not run, as a run that is under way stands for this signal too; counted
    /// as coalesced. Instead of begin() and finish().
    void absorb(const SignalClaim& claim) noexcept;

    /// To be called when claim() gave nothing, before waiting for the eventfd: true when it is
    /// safe to wait, false when something came meanwhile (claim again).
    bool prepare_to_wait() noexcept;

    /// Looks at every slot again: a handler was registered since.
    void rescan() noexcept;

    /// Says again whether this process takes signals, where somebody else has written there. True
    /// when that was so.
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
