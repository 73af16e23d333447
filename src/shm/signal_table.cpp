// SPDX-License-Identifier: MIT
#include "shm/signal_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace geventd::shm {

namespace {

constexpr std::size_t kPage = kSignalPage;

/// Slots are written in order, so after this many untouched ones no written ones follow. The first
/// slots of a queue share the page of its head, which is resident anyway.
constexpr std::uint32_t kUntouched = 256;

constexpr std::size_t round_up(std::size_t size, std::size_t unit) {
    return (size + unit - 1) / unit * unit;
}

SignalShape rounded(const SignalShape& shape) {
    SignalShape result = shape;
    if (shape.processes < 2 || shape.processes > SignalHeader::kMaxProcesses || shape.slots == 0 ||
        shape.slots > 1U << 24 || shape.payload_bytes > 1U << 30) {
        throw std::invalid_argument("signal table: size out of range");
    }
    result.slots = std::bit_ceil(shape.slots);
    result.payload_bytes = static_cast<std::uint32_t>(round_up(shape.payload_bytes, 64));
    return result;
}

std::size_t processes_offset() {
    return round_up(sizeof(SignalHeader), kPage);
}

std::size_t counters_offset(const SignalShape& shape) {
    return processes_offset() + round_up(sizeof(SignalProcess) * shape.processes, kPage);
}

std::size_t queues_offset(const SignalShape& shape) {
    return counters_offset(shape) + round_up(sizeof(SignalCounters) * shape.processes, kPage);
}

std::size_t queue_stride(const SignalShape& shape) {
    const std::size_t states = round_up(sizeof(Word<std::uint64_t>) * shape.slots, 64);
    const std::size_t bodies = sizeof(SignalBody) * shape.slots;
    return round_up(sizeof(SignalQueueHead) + states + bodies + shape.payload_bytes, kPage);
}

}  // namespace

std::uint32_t SignalQueue::used() const {
    const std::uint64_t head = ends->head.load();
    return head < mask ? static_cast<std::uint32_t>(head) + 1 : mask + 1;
}

std::uint32_t SignalQueue::written() const {
    std::uint32_t end = used();
    for (std::uint32_t slot = end; slot <= mask && slot - end < kUntouched; ++slot) {
        if (states[slot].load() != 0) {
            end = slot + 1;
        }
    }
    return end;
}

void SignalQueue::populate(std::uint32_t slot, std::uint32_t count) const noexcept {
#ifdef MADV_POPULATE_WRITE
    const auto ask = [](const void* from, const void* to) {
        const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(from) / kPage * kPage;
        const auto end = reinterpret_cast<std::uintptr_t>(to);
        // Kernels before 5.14 do not know this advice; then each first use faults its page in.
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);
    };
    ask(&bodies[slot], &bodies[slot] + count);
    ask(&states[slot], &states[slot] + count);
#endif
}

SignalTable::SignalTable(void* memory, const SignalShape& exact)
    : shape_(exact), header_(static_cast<SignalHeader*>(memory)), stride_(queue_stride(exact)) {
    auto* base = static_cast<std::byte*>(memory);
    processes_ = reinterpret_cast<SignalProcess*>(base + processes_offset());
    counters_ = reinterpret_cast<SignalCounters*>(base + counters_offset(exact));
    queues_ = base + queues_offset(exact);
}

std::size_t SignalTable::bytes(const SignalShape& shape) {
    const SignalShape exact = rounded(shape);
    return queues_offset(exact) + queue_stride(exact) * exact.processes;
}

std::array<SignalPart, 3> SignalTable::writable_for(unsigned process, const SignalShape& shape) {
    const SignalShape exact = rounded(shape);
    const std::size_t counters = counters_offset(exact);
    const std::size_t queues = queues_offset(exact);
    return {{{kPage, counters - kPage},
             {counters + sizeof(SignalCounters) * process, sizeof(SignalCounters)},
             {queues, bytes(shape) - queues}}};
}

SignalTable SignalTable::format(void* memory, std::size_t size, const SignalShape& shape) {
    SignalTable table = open(memory, size, shape);
    table.header().in_use.store(kMasterProcess + 1);
    for (unsigned index = 0; index < table.processes(); ++index) {
        table.process(index).incarnation.store(1);
    }
    return table;
}

SignalTable SignalTable::open(void* memory, std::size_t size, const SignalShape& shape) {
    if (size < bytes(shape)) {
        throw std::invalid_argument("signal table: region too small");
    }
    return {memory, rounded(shape)};
}

SignalQueue SignalTable::queue(unsigned index) const {
    std::byte* base = queues_ + stride_ * index;
    const std::uint32_t slots = shape_.slots;
    std::byte* states = base + sizeof(SignalQueueHead);
    std::byte* bodies = states + round_up(sizeof(Word<std::uint64_t>) * slots, 64);
    return {reinterpret_cast<SignalQueueHead*>(base),
            reinterpret_cast<Word<std::uint64_t>*>(states), reinterpret_cast<SignalBody*>(bodies),
            bodies + sizeof(SignalBody) * slots, slots - 1};
}

}  // namespace geventd::shm
