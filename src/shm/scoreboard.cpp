// SPDX-License-Identifier: MIT
#include "shm/scoreboard.h"

#include <unistd.h>

#include <ctime>
#include <new>
#include <stdexcept>

namespace geventd::shm {

void WorkerSlot::reset() {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    for (auto* field : {&generation, &cores, &cores_busy, &cores_peak, &queued, &connections,
                        &background, &worker, &respawns, &accepting, &hub_over}) {
        field->store(0, kRelaxed);
    }
    for (auto* field : {&requests, &errors, &rejected, &disconnects, &accepted, &heartbeat, &sent,
                        &busy_time, &signals, &hub_lag, &hub_lag_peak, &hub_blocks, &timeouts,
                        &unstoppable, &slow_handlers}) {
        field->store(0, kRelaxed);
    }
    for (auto* field : {&spawned, &hub_asked, &hub_answered, &hub_blocked}) {
        field->store(0, kRelaxed);
    }
    failure.reset();
    durations.reset();
    pid.store(0, kRelaxed);
}

Scoreboard& Scoreboard::format(void* memory, std::size_t size) {
    if (size < sizeof(Scoreboard)) {
        throw std::runtime_error("the scoreboard does not fit into its shared memory");
    }
    // The region is zeros already; writing it all would make every page resident.
    auto* board = static_cast<Scoreboard*>(memory);
    board->version = kVersion;
    board->slot_size = sizeof(WorkerSlot);
    board->master_pid = ::getpid();
    board->started = std::time(nullptr);
    board->magic = kMagic;
    return *std::launder(board);
}

Scoreboard& Scoreboard::open(void* memory, std::size_t size) {
    auto* board = static_cast<Scoreboard*>(memory);
    if (size < sizeof(Scoreboard) || board->magic != kMagic || board->version != kVersion ||
        board->slot_size != sizeof(WorkerSlot)) {
        throw std::runtime_error(
            "the scoreboard's layout is another one: geventd and geventd-worker are of different "
            "versions");
    }
    return *std::launder(board);
}

}  // namespace geventd::shm
