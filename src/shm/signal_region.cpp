// SPDX-License-Identifier: MIT
#include "shm/signal_region.h"

#include <utility>

#include "shm/scoreboard.h"

namespace geventd::shm {

namespace {

constexpr std::uint32_t kProcesses = process_of_slot(Scoreboard::kMaxSlots);
static_assert(kProcesses <= SignalHeader::kMaxProcesses);

std::byte* behind(void* memory, std::size_t size) {
    return static_cast<std::byte*>(memory) + size;
}

}  // namespace

SignalRegion SignalRegion::create(std::uint32_t slots, std::uint32_t payload_bytes,
                                  std::uint32_t locks) {
    const SignalShape shape{kProcesses, slots, payload_bytes};
    const LockShape lock_shape{kNumberLocks + locks, kProcesses};
    const std::size_t first = SignalTable::bytes(shape);
    const std::size_t second = LockTable::bytes(lock_shape);
    Region region = Region::create("geventd-signals", first + second);
    const SignalTable signals = SignalTable::format(region.data(), first, shape);
    const LockTable table = LockTable::format(behind(region.data(), first), second, lock_shape);
    return {std::move(region), signals, table};
}

SignalRegion SignalRegion::map(UniqueFd fd) {
    Region region = Region::map(std::move(fd));
    const SignalTable signals = SignalTable::open(region.data(), region.size());
    const std::size_t first = SignalTable::bytes(signals.shape());
    const LockTable locks = LockTable::open(behind(region.data(), first), region.size() - first);
    return {std::move(region), signals, locks};
}

std::uint32_t ScoreboardLoads::load(unsigned process) const noexcept {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    if (process == kMasterProcess) {
        return 0;
    }
    const WorkerSlot& slot = board_.slots[process - process_of_slot(0)];
    return slot.cores_busy.load(kRelaxed) + slot.queued.load(kRelaxed);
}

}  // namespace geventd::shm
