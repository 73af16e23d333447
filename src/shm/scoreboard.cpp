// SPDX-License-Identifier: MIT
#include "shm/scoreboard.h"

#include <unistd.h>

#include <ctime>
#include <new>
#include <stdexcept>

namespace geventd::shm {

void WorkerSlot::reset() {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    for_each_worker_figure([](const FigureInfo&, auto& figure) { figure.store(0, kRelaxed); },
                           *this);
    for (auto* field : {&generation, &worker, &respawns, &hub_over, &listens, &hints}) {
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
    // The region is zeros already; writing it all would make every page resident.
    Scoreboard& board = open(memory, size);
    board.master_pid = ::getpid();
    board.started = std::time(nullptr);
    return board;
}

Scoreboard& Scoreboard::open(void* memory, std::size_t size) {
    if (size < sizeof(Scoreboard)) {
        throw std::runtime_error("the scoreboard does not fit into its shared memory");
    }
    return *std::launder(static_cast<Scoreboard*>(memory));
}

}  // namespace geventd::shm
