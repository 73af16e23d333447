// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "shm/signal_table.h"

namespace geventd::shm {

/// The figures of one number. A signal to all workers counts once for each copy. If a process is
/// killed in the few instructions between an action and its count, a counter stays one too low.
struct SignalFigures {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;       ///< QueueFull
    std::uint64_t unregistered = 0;  ///< sent while nobody had registered the number
    std::uint64_t coalesced = 0;     ///< ticks that were absorbed by an undelivered one
    std::uint64_t handled = 0;       ///< handlers that returned
    std::uint64_t failed = 0;        ///< handlers that raised
    std::uint64_t redelivered = 0;
    std::uint64_t set_aside = 0;
    std::uint64_t running = 0;           ///< held by a worker now
    std::uint64_t waiting = 0;           ///< unclaimed now
    std::optional<std::int64_t> oldest;  ///< sent_at of the oldest waiting one

    [[nodiscard]] bool empty() const {
        return accepted + refused + unregistered + running + waiting == 0;
    }
};

/// Calls visit(name, value) for each figure, in the order in which people read them.
template <typename Visit>
void for_each_figure(const SignalFigures& figures, Visit visit) {
    visit("accepted", figures.accepted);
    visit("handled", figures.handled);
    visit("failed", figures.failed);
    visit("redelivered", figures.redelivered);
    visit("set_aside", figures.set_aside);
    visit("running", figures.running);
    visit("waiting", figures.waiting);
    visit("refused", figures.refused);
    visit("coalesced", figures.coalesced);
    visit("unregistered", figures.unregistered);
}

using SignalStatistics = std::array<SignalFigures, kSignalNumbers>;

/// Adds up the counters of all processes and examines all slots. Only reads; may run in any process
/// at any time, and sees slightly different moments.
SignalStatistics read_statistics(const SignalTable& table);

}  // namespace geventd::shm
