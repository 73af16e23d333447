// SPDX-License-Identifier: MIT
#include "master/signals/memory.h"

#include <utility>

#include "master/signals/eventfds.h"

namespace geventd::master {

namespace {

shm::SignalSizes sizes_of(const config::Signals& settings) {
    return {static_cast<std::uint32_t>(settings.queue),
            static_cast<std::uint32_t>(settings.payloads),
            static_cast<std::uint32_t>(settings.locks)};
}

}  // namespace

SignalMemory::SignalMemory(const config::Signals& settings, const shm::SignalLoads& loads,
                           std::vector<int> eventfds)
    : region(shm::SignalRegion::create(sizes_of(settings))),
      waker(region.signals(), std::move(eventfds), &loads, &poke_unwaiting),
      recovery(region.signals(), waker, static_cast<unsigned>(settings.max_attempts)),
      registry(recovery.table()),
      writer(recovery.table(), shm::kMasterProcess, waker),
      watch(recovery.table(), waker),
      inspection(recovery, region.locks()) {}

std::uint64_t SignalMemory::count_left() const {
    std::uint64_t left = 0;
    const shm::SignalTable table = recovery.table();
    for (unsigned index = 0; index < table.in_use(); ++index) {
        const shm::SignalQueue queue = table.queue(index);
        for (std::uint32_t slot = 0; slot <= queue.mask; ++slot) {
            left += shm::SignalState::unpack(queue.states[slot].load()).writable() ? 0 : 1;
        }
    }
    return left;
}

}  // namespace geventd::master
