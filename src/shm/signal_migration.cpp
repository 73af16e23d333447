// SPDX-License-Identifier: MIT
#include "shm/signal_migration.h"

namespace geventd::shm {

std::optional<SignalClaim> SignalExport::next() noexcept {
    const unsigned queues = table_.in_use();
    for (; index_ < queues; ++index_) {
        const SignalQueue queue = table_.queue(index_);
        const std::uint32_t written = queue.written();
        while (slot_ < written) {
            if (auto claim = take(queue)) {
                return claim;
            }
        }
        slot_ = 0;
    }
    index_ = 0;
    return std::nullopt;
}

std::optional<SignalClaim> SignalExport::take(const SignalQueue& queue) noexcept {
    const std::uint32_t slot = slot_++;
    Word<std::uint64_t>& word = queue.states[slot];
    const std::uint64_t ready = word.load();
    SignalState state = SignalState::unpack(ready);
    if (state.phase != SignalPhase::Ready || !read_routing(table_, queue, slot)) {
        return std::nullopt;
    }
    const auto self = static_cast<std::uint16_t>(table_.process(kMasterProcess).incarnation.load());
    state.phase = SignalPhase::Claimed;
    state.claimer = kMasterProcess;
    state.incarnation = self;
    if (!word.replace(ready, state.pack())) {
        return std::nullopt;
    }
    return read_held(table_, index_, slot, state);
}

void SignalExport::done(const SignalClaim& signal) noexcept {
    const SignalState state = SignalState::unpack(signal.state);
    const SignalState done{SignalPhase::Done, state.attempts, 0, 0, state.tag};
    table_.queue(signal.queue).states[signal.slot].store(done.pack());
}

void SignalExport::put_back(const SignalClaim& signal) noexcept {
    const SignalState state = SignalState::unpack(signal.state);
    const SignalState ready{SignalPhase::Ready, state.attempts, 0, 0, state.tag};
    const SignalQueue queue = table_.queue(signal.queue);
    queue.states[signal.slot].store(ready.pack());
    queue.ends->rescans.add(1);
}

Migrated migrate(const SignalTable& from, SignalWriter& to) {
    Migrated result;
    SignalExport source(from);
    while (const auto signal = source.next()) {
        if (to.forward(*signal)) {
            source.done(*signal);
            ++result.moved;
        } else {
            source.put_back(*signal);
            ++result.left;
        }
    }
    return result;
}

}  // namespace geventd::shm
