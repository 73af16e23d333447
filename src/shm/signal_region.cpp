// SPDX-License-Identifier: MIT
#include "shm/signal_region.h"

#include <stdexcept>
#include <utility>

#include "shm/scoreboard.h"

namespace geventd::shm {

namespace {

constexpr std::uint32_t kProcesses = process_of_slot(Scoreboard::kMaxSlots);
static_assert(kProcesses <= SignalHeader::kMaxProcesses);

SignalShape shape_of(const SignalSizes& sizes) {
    return {kProcesses, sizes.slots, sizes.payload_bytes};
}

LockShape lock_shape_of(const SignalSizes& sizes) {
    return {kNumberLocks + sizes.locks, kProcesses};
}

std::size_t bytes_of(const SignalSizes& sizes) {
    return SignalTable::bytes(shape_of(sizes)) + LockTable::bytes(lock_shape_of(sizes));
}

}  // namespace

SignalRegion SignalRegion::create(const SignalSizes& sizes) {
    Region region = Region::create("geventd-signals", bytes_of(sizes));
    SignalTable::format(region.data(), region.size(), shape_of(sizes));
    return open(std::move(region), sizes);
}

SignalRegion SignalRegion::map(UniqueFd fd, const SignalSizes& sizes) {
    return open(Region::map(std::move(fd), Region::Access::ReadOnly), sizes);
}

void SignalRegion::open_place(unsigned process) const {
    for (const SignalPart& part : SignalTable::writable_for(process, signals_.shape())) {
        region_.let_write(part.offset, part.size);
    }
    const std::size_t locks = SignalTable::bytes(signals_.shape());
    region_.let_write(locks, region_.size() - locks);
}

SignalRegion SignalRegion::open(Region region, const SignalSizes& sizes) {
    if (region.size() < bytes_of(sizes)) {
        throw std::invalid_argument("the memory of the signals is too small");
    }
    const std::size_t first = SignalTable::bytes(shape_of(sizes));
    const SignalTable signals = SignalTable::open(region.data(), first, shape_of(sizes));
    const LockTable locks = LockTable::open(static_cast<std::byte*>(region.data()) + first,
                                            region.size() - first, lock_shape_of(sizes));
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
