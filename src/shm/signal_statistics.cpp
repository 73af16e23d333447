// SPDX-License-Identifier: MIT
#include "shm/signal_statistics.h"

#include <algorithm>

namespace geventd::shm {

namespace {

void add_counters(const SignalCounters::Number& from, SignalFigures& to) {
    to.accepted += from.accepted.load_relaxed();
    to.refused += from.refused.load_relaxed();
    to.unregistered += from.unregistered.load_relaxed();
    to.coalesced += from.coalesced.load_relaxed();
    to.handled += from.handled.load_relaxed();
    to.failed += from.failed.load_relaxed();
    to.redelivered += from.redelivered.load_relaxed();
    to.set_aside += from.set_aside.load_relaxed();
}

void add_slots(const SignalQueue& queue, SignalStatistics& statistics) {
    const std::uint32_t written = queue.written();
    for (std::uint32_t slot = 0; slot < written; ++slot) {
        const SignalState state = SignalState::unpack(queue.states[slot].load());
        if (state.writable() || !state.possible()) {
            continue;
        }
        const SignalBody& body = queue.bodies[slot];
        SignalFigures& figures =
            statistics[SignalRouting::unpack(body.routing.load_relaxed()).number];
        if (state.held()) {
            ++figures.running;
            continue;
        }
        ++figures.waiting;
        const std::int64_t sent_at = body.sent_at.load_relaxed();
        figures.oldest = std::min(figures.oldest.value_or(sent_at), sent_at);
    }
}

}  // namespace

SignalStatistics read_statistics(const SignalTable& table) {
    SignalStatistics statistics;
    const unsigned processes = table.in_use();
    for (unsigned process = 0; process < processes; ++process) {
        for (unsigned number = 0; number < kSignalNumbers; ++number) {
            add_counters(table.counters(process).numbers[number], statistics[number]);
        }
        add_slots(table.queue(process), statistics);
    }
    return statistics;
}

}  // namespace geventd::shm
