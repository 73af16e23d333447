// SPDX-License-Identifier: MIT
#include "shm/signal_migration.h"

namespace geventd::shm {

namespace {

enum class Move { Moved, Left, NotReady };

Move move_slot(const SignalTable& from, unsigned index, std::uint32_t slot, SignalWriter& to) {
    Word<std::uint64_t>& word = from.queue(index).states[slot];
    const std::uint64_t ready = word.load();
    SignalState state = SignalState::unpack(ready);
    if (state.phase != SignalPhase::Ready) {
        return Move::NotReady;
    }
    const auto self = static_cast<std::uint16_t>(from.process(kMasterProcess).incarnation.load());
    state.phase = SignalPhase::Claimed;
    state.claimer = kMasterProcess;
    state.incarnation = self;
    if (!word.replace(ready, state.pack())) {
        return Move::NotReady;
    }
    if (!to.forward(read_signal(from, index, slot, state.pack()))) {
        word.store(ready);
        return Move::Left;
    }
    const SignalState done{SignalPhase::Done, state.attempts, 0, 0, state.tag};
    word.store(done.pack());
    return Move::Moved;
}

}  // namespace

Migrated migrate(const SignalTable& from, SignalWriter& to) {
    Migrated result;
    const unsigned queues = from.in_use();
    for (unsigned index = 0; index < queues; ++index) {
        const SignalQueue queue = from.queue(index);
        const std::uint32_t used = queue.used();
        bool left = false;
        for (std::uint32_t slot = 0; slot < used; ++slot) {
            const Move move = move_slot(from, index, slot, to);
            result.moved += move == Move::Moved ? 1 : 0;
            result.left += move == Move::Left ? 1 : 0;
            left = left || move == Move::Left;
        }
        if (left) {
            queue.ends->rescans.add(1);
        }
    }
    return result;
}

}  // namespace geventd::shm
