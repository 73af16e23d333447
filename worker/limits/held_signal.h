// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "shm/signal_claimer.h"
#include "worker/requests/greenlet.h"
#include "worker/requests/time_limit.h"

namespace geventd::worker {

/// What to do with a signal while a handler of its number runs somewhere in the server.
enum class Overlap : std::uint8_t {
    Allow,  ///< run its handler at the same time
    Skip,   ///< count the signal as handled by the running handler
    Queue,  ///< run its handler afterwards
};

/// A signal that this worker has claimed, until its handler has ended.
struct HeldSignal {
    shm::SignalClaim claim;
    Overlap overlap = Overlap::Allow;
    bool running = false;
    std::uint64_t ticket = 0;    ///< Queue: the place in the queue, while it waits
    Greenlet* runner = nullptr;  ///< the greenlet that runs the handler; null before and after
    TimeLimit limit{*this};
};

}  // namespace geventd::worker
