// SPDX-License-Identifier: MIT
#include "shm/signal_inspection.h"

#include <cstdint>

#include "shm/signal_claimer.h"

namespace geventd::shm {

namespace {

/// The most slots examined in one look; a queue is examined as a whole.
constexpr std::uint32_t kSlotsOfLook = 1 << 16;

/// No writer ever gets this far.
constexpr std::uint64_t kMostHead = std::uint64_t{1} << 62;

}  // namespace

std::string SignalInspection::look() {
    std::string damage = look_at_header();
    if (damage.empty()) {
        damage = look_at_places();
    }
    if (damage.empty()) {
        damage = look_at_heads();
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
        return "the number of processes";
    }
    if (header.serving.load() != places.serving.pack()) {
        return "the generation that serves";
    }
    for (unsigned row = 0; row < SignalHeader::kRows; ++row) {
        if (header.generations[row].load() != places.rows[row] || !registry_.is_sound(row)) {
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
            return "the slot of a process";
        }
        if (place.conflict.load() != 0 || (known.alive && !registry_.knows_handlers_of(process))) {
            return "the registrations of a generation";
        }
    }
    return "";
}

/// Only its owner moves a head, and only forward; for a dead owner the master does.
std::string SignalInspection::look_at_heads() {
    for (unsigned process = 0; process < recovery_.places().in_use; ++process) {
        const std::uint64_t head = table_.queue(process).ends->head.load();
        if (head < heads_[process] || head > kMostHead) {
            return "the head of a queue";
        }
        heads_[process] = head;
    }
    return "";
}

std::string SignalInspection::look_at_locks() {
    const unsigned users = locks_.in_use();
    if (users > recovery_.places().in_use || users < lock_users_) {
        return "the number of lock users";
    }
    lock_users_ = users;
    std::string damage;
    for (unsigned lock = 0; damage.empty() && lock < locks_.locks(); ++lock) {
        damage = look_at_lock(lock);
    }
    return damage;
}

std::string SignalInspection::look_at_lock(unsigned lock) const {
    const LockCell& cell = locks_.cell(lock);
    const std::uint64_t word = cell.holder.load();
    const LockHolder holder = LockHolder::unpack(word);
    if (word != 0 && (word != holder.pack() || !is_there(holder.process, holder.incarnation))) {
        return "the holder of a lock";
    }
    if (cell.tickets.load() > kMostTicket) {
        return "the tickets of a lock";
    }
    if (cell.tickets.load() == 0) {
        return "";  // its queue was never used, and nobody reads it
    }
    const SignalPlaces& places = recovery_.places();
    for (unsigned process = 0; process < places.in_use; ++process) {
        const std::uint64_t ticket = locks_.shown(lock, process).load();
        // A process joins before it draws a ticket, and draws before it shows it: so read in_use
        // and the counter after the ticket.
        if (ticket != 0 && (!places.of[process].alive || process >= locks_.in_use() ||
                            ticket > cell.tickets.load())) {
            return "the queue of a lock";
        }
    }
    return "";
}

std::string SignalInspection::look_at_queue(unsigned index) const {
    const SignalQueue queue = table_.queue(index);
    const std::uint32_t used = queue.used();
    // The owner moves the head after each slot that it writes, so a later written slot proves more.
    if (const std::uint32_t written = queue.written(); written > used && written > queue.used()) {
        return "the head of a queue";
    }
    for (std::uint32_t slot = 0; slot < used; ++slot) {
        const SignalState state = SignalState::unpack(queue.states[slot].load());
        if (!state.possible() || (state.held() && !is_there(state.claimer, state.incarnation)) ||
            (state.phase == SignalPhase::Ready && !read_routing(table_, queue, slot))) {
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
