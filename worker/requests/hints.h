// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "shm/scoreboard.h"

namespace geventd::worker {

/// What the log is told once, whichever worker notices it first. The values are bits.
enum class Hint : std::uint32_t {
    UntrustedProxy = 1,
    UntrustedStranger = 2,
    Asyncio = 4,
    NoWebSocket = 8,
    WebSocketHttp = 16,
    WebSocketUpgrade = 32,
    WebSocketConnection = 64,
    WebSocketKey = 128,
    WebSocketVersion = 256,
    UnpatchedThreads = 512,
    TlsOnPlainPort = 1024,
};

/// Keeps the workers of a server from repeating one another. Each shows in its slot of the
/// scoreboard what it knows to have been told; one that starts later takes that over from any that
/// is still there. Two that notice in the same instant both tell.
/// Lives in: worker, loop side.
class Hints {
  public:
    /// `board` has the slots of the other workers; null: there are none.
    Hints(shm::WorkerSlot& slot, const shm::Scoreboard* board) : slot_(slot), board_(board) {}

    /// This worker knows that it was told; false also if others have told it. Costs one load.
    [[nodiscard]] bool was_told(Hint hint) const { return shows(slot_, hint); }

    /// Takes it upon this worker to tell. False if another has.
    bool take(Hint hint);

  private:
    static bool shows(const shm::WorkerSlot& slot, Hint hint) {
        return (slot.hints.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(hint)) != 0;
    }

    shm::WorkerSlot& slot_;
    const shm::Scoreboard* board_;
};

}  // namespace geventd::worker
