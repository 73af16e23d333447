// SPDX-License-Identifier: MIT
#include "shm/signal_inspection.h"

#include <cstdint>

#include "shm/signal_claimer.h"

namespace geventd::shm {

namespace {

/// Slots that one look may cost; a queue is looked at whole.
constexpr std::uint32_t kSlotsOfLook = 1 << 16;

}  // namespace

std::string SignalInspection::look() {
    std::string damage = look_at_header();
    if (damage.empty()) {
        damage = look_at_places();
    }
    if (damage.empty()) {
        damage = look_at_locks();
    }
    const unsigned queues = table_.in_use();
    std::uint32_t slots = 0;
    for (unsigned looked = 0; damage.empty() && looked < queues && slots < kSlotsOfLook; ++looked) {
        turn_ = turn_ + 1 < queues ? turn_ + 1 : 0;
        damage = look_at_queue(turn_);
        slots += table_.queue(turn_).used();
    }
    return damage;
}

std::string SignalInspection::look_at_header() const {
    const SignalPlaces& places = recovery_.places();
    const SignalHeader& header = table_.header();
    if (header.in_use.load() != places.in_use) {
        return "the number of places";
    }
    if (header.serving.load() != places.serving.pack()) {
        return "the generation that serves";
    }
    for (unsigned row = 0; row < SignalHeader::kRows; ++row) {
        if (header.rows[row].generation.load() != places.rows[row]) {
            return "the registrations of a generation";
        }
    }
    return "";
}

std::string SignalInspection::look_at_places() const {
    const SignalPlaces& places = recovery_.places();
    for (unsigned process = 0; process < places.in_use; ++process) {
        const SignalProcess& place = table_.process(process);
        const SignalPlaces::Place& known = places.of[process];
        if (place.incarnation.load() != known.incarnation ||
            place.generation.load() != known.generation || place.worker.load() != known.worker ||
            place.accepting.load() > 1 || place.sleeping.load() > 1) {
            return "the place of a process";
        }
    }
    return "";
}

std::string SignalInspection::look_at_locks() const {
    const unsigned in_use = locks_.in_use();
    if (in_use > recovery_.places().in_use) {
        return "the number of those who use locks";
    }
    for (unsigned lock = 0; lock < locks_.locks(); ++lock) {
        const std::uint64_t word = locks_.cell(lock).holder.load();
        const LockHolder holder = LockHolder::unpack(word);
        if (word != 0 && (word != holder.pack() || !is_there(holder.process, holder.incarnation))) {
            return "the holder of a lock";
        }
        if (locks_.cell(lock).tickets.load() == 0) {
            continue;  // whose row was never used: nobody shows a ticket there
        }
        for (unsigned process = 0; process < in_use; ++process) {
            if (locks_.shown(lock, process).load() != 0 && !recovery_.places().of[process].alive) {
                return "the row of those who wait for a lock";
            }
        }
    }
    return "";
}

std::string SignalInspection::look_at_queue(unsigned index) const {
    const SignalQueue queue = table_.queue(index);
    const std::uint32_t used = queue.used();
    for (std::uint32_t slot = 0; slot < used; ++slot) {
        const SignalState state = SignalState::unpack(queue.states[slot].load());
        if (!state.possible() || (state.held() && !is_there(state.claimer, state.incarnation)) ||
            (state.phase == SignalPhase::Ready && !is_possible(table_, queue, slot))) {
            return "a signal";
        }
    }
    return "";
}

bool SignalInspection::is_there(unsigned process, std::uint16_t incarnation) const {
    const SignalPlaces& places = recovery_.places();
    return process < places.in_use && places.of[process].alive &&
           static_cast<std::uint16_t>(places.of[process].incarnation) == incarnation;
}

}  // namespace geventd::shm
