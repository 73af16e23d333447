// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "shm/signal_claimer.h"
#include "worker/requests/greenlet.h"
#include "worker/requests/time_limit.h"

namespace geventd::worker {

/// What happens to a signal while a handler of its number runs somewhere in the server.
enum class Overlap : std::uint8_t {
    Allow,  ///< both run
    Skip,   ///< it counts as handled by the one that runs
    Queue,  ///< it waits for its turn
};

/// A signal that this worker holds, from its claim to its end.
struct HeldSignal {
    shm::SignalClaim claim;
    Overlap overlap = Overlap::Allow;
    bool running = false;
    std::uint64_t ticket = 0;    ///< Queue: its place in the row, while it waits
    Greenlet* runner = nullptr;  ///< what runs the handler; null before and after
    TimeLimit limit{*this};
};

}  // namespace geventd::worker
