// SPDX-License-Identifier: MIT
#include "shm/signal_recovery.h"

#include <algorithm>

namespace geventd::shm {

namespace {

SignalRouting routing_of(const SignalQueue& queue, std::uint32_t slot) {
    return SignalRouting::unpack(queue.bodies[slot].routing.load_relaxed());
}

/// Calls `visit(queue, slot, word)` for every slot that was ever written. If it returns true for
/// any slot of a queue, readers are told to examine that queue again.
template <typename Visit>
void for_each_slot(const SignalTable& table, Visit visit) {
    const unsigned queues = table.in_use();
    for (unsigned index = 0; index < queues; ++index) {
        const SignalQueue queue = table.queue(index);
        const std::uint32_t written = queue.written();
        bool readied = false;
        for (std::uint32_t slot = 0; slot < written; ++slot) {
            readied = visit(queue, slot, queue.states[slot].load()) || readied;
        }
        if (readied) {
            queue.ends->rescans.add(1);
        }
    }
}

}  // namespace

/// A table that was in use before is kept as it is.
SignalRecovery::SignalRecovery(const SignalTable& table, SignalWaker& waker, unsigned max_attempts)
    : table_(table.knowing(places_.in_use)),
      registry_(table_),
      waker_(waker),
      max_attempts_(max_attempts) {
    places_.in_use = table.in_use();
    places_.of.resize(table.processes());
    for (unsigned process = 0; process < places_.in_use; ++process) {
        const SignalProcess& from = table.process(process);
        places_.of[process] = {true, from.incarnation.load(), from.generation.load(),
                               from.worker.load()};
    }
    const SignalHeader& header = table.header();
    places_.serving = SignalServing::unpack(header.serving.load());
    for (unsigned row = 0; row < SignalHeader::kRows; ++row) {
        places_.rows[row] = header.generations[row].load();
    }
}

void SignalRecovery::begin(std::uint32_t generation) noexcept {
    const unsigned row = registry_.begin(generation);
    places_.rows[row] = generation;
    if (places_.serving.generation == 0) {
        places_.serving = {generation, row};
    }
}

void SignalRecovery::hand_out(unsigned process, std::uint32_t generation,
                              unsigned worker) noexcept {
    SignalProcess& place = table_.process(process);
    place.accepting.store_ordered(0);
    for (Word<std::uint64_t>& word : place.handlers) {
        word.store_ordered(0);
    }
    place.conflict.store(0);
    place.sleeping.store(0);
    place.running.store(0);
    place.generation.store(generation);
    place.worker.store(worker);
    SignalPlaces::Place& known = places_.of[process];
    known = {true, known.incarnation, generation, worker};
    if (places_.in_use <= process) {
        table_.header().in_use.store_ordered(process + 1);
        places_.in_use = process + 1;
    }
}

/// Changes the incarnation first: whatever is then still held under an older one belonged to a dead
/// worker, even if this reap is interrupted and repeated.
Reaped SignalRecovery::reap(unsigned process) {
    SignalProcess& place = table_.process(process);
    place.accepting.store_ordered(0);
    SignalPlaces::Place& known = places_.of[process];
    place.incarnation.store_ordered(++known.incarnation);
    known.alive = false;
    const auto living = static_cast<std::uint16_t>(known.incarnation);
    const SignalQueue own = table_.queue(process);
    own.ends->head.add(1);  // includes a slot that was published just before the kill
    own.ends->rescans.add(1);
    Reaped reaped;
    for_each_slot(table_, [&](const SignalQueue& queue, std::uint32_t slot, std::uint64_t word) {
        const SignalState state = SignalState::unpack(word);
        return state.held() && state.claimer == process && state.incarnation != living &&
               take_back(queue, slot, state, reaped);
    });
    place.running.store(0);
    wake_all();
    return reaped;
}

bool SignalRecovery::take_back(const SignalQueue& queue, std::uint32_t slot,
                               const SignalState& state, Reaped& reaped) {
    const std::uint64_t word = state.pack();
    SignalCounters::Number& counters =
        table_.counters(kMasterProcess).numbers[routing_of(queue, slot).number];
    if (state.phase == SignalPhase::Running && state.attempts + 1U >= max_attempts_) {
        SignalLoss loss = describe(queue, slot, word, SignalLoss::Reason::Attempts);
        ++loss.attempts;
        if (give_up(queue, slot, word)) {
            reaped.set_aside.push_back(loss);
        }
        return false;
    }
    const bool begun = state.phase == SignalPhase::Running;
    const auto attempts = static_cast<std::uint8_t>(state.attempts + (begun ? 1 : 0));
    const SignalState ready{SignalPhase::Ready, attempts, 0, 0, state.tag};
    if (!queue.states[slot].replace(word, ready.pack())) {
        return false;
    }
    counters.redelivered.count();
    ++reaped.redelivered;
    return true;
}

bool SignalRecovery::give_up(const SignalQueue& queue, std::uint32_t slot, std::uint64_t word) {
    const std::uint8_t number = routing_of(queue, slot).number;
    const SignalState state = SignalState::unpack(word);
    const SignalState done{SignalPhase::Done, state.attempts, 0, 0, state.tag};
    if (!queue.states[slot].replace(word, done.pack())) {
        return false;
    }
    table_.counters(kMasterProcess).numbers[number].set_aside.count();
    return true;
}

SignalLoss SignalRecovery::describe(const SignalQueue& queue, std::uint32_t slot,
                                    std::uint64_t word, SignalLoss::Reason reason) const {
    const SignalRouting routing = routing_of(queue, slot);
    return {reason, routing.number, SignalState::unpack(word).attempts, routing.target.worker,
            queue.bodies[slot].sequence.load_relaxed()};
}

void SignalRecovery::serve(std::uint32_t generation) noexcept {
    registry_.serve(generation);
    const auto row = std::find(places_.rows.begin(), places_.rows.end(), generation);
    if (row != places_.rows.end()) {
        places_.serving = {generation, static_cast<unsigned>(row - places_.rows.begin())};
    }
    wake_all();
}

std::vector<SignalLoss> SignalRecovery::set_aside_unregistered() {
    std::vector<SignalLoss> losses;
    for_each_slot(table_, [&](const SignalQueue& queue, std::uint32_t slot, std::uint64_t word) {
        if (SignalState::unpack(word).phase == SignalPhase::Ready &&
            !registry_.route(routing_of(queue, slot).number)) {
            const SignalLoss loss = describe(queue, slot, word, SignalLoss::Reason::Unregistered);
            if (give_up(queue, slot, word)) {
                losses.push_back(loss);
            }
        }
        return false;
    });
    return losses;
}

std::vector<SignalLoss> SignalRecovery::retire_workers_above(unsigned workers) {
    std::vector<SignalLoss> losses;
    for_each_slot(table_, [&](const SignalQueue& queue, std::uint32_t slot, std::uint64_t word) {
        const SignalTarget target = routing_of(queue, slot).target;
        if (SignalState::unpack(word).phase != SignalPhase::Ready || target.worker <= workers) {
            return false;
        }
        if (target.kind == TargetKind::Worker) {
            return send_to_any(queue, slot, word);
        }
        const SignalLoss loss = describe(queue, slot, word, SignalLoss::Reason::NoWorker);
        if (give_up(queue, slot, word)) {
            losses.push_back(loss);
        }
        return false;
    });
    wake_all();
    return losses;
}

/// The master holds the signal while it changes the target, so that nobody claims it by the old
/// target. If the master is killed here, its successor reaps it.
bool SignalRecovery::send_to_any(const SignalQueue& queue, std::uint32_t slot, std::uint64_t word) {
    const auto self = static_cast<std::uint16_t>(places_.of[kMasterProcess].incarnation);
    SignalState state = SignalState::unpack(word);
    state.phase = SignalPhase::Claimed;
    state.claimer = kMasterProcess;
    state.incarnation = self;
    if (!queue.states[slot].replace(word, state.pack())) {
        return false;
    }
    SignalRouting routing = routing_of(queue, slot);
    routing.target = {};
    queue.bodies[slot].routing.store_relaxed(routing.pack());
    queue.states[slot].store(word);
    return true;
}

void SignalRecovery::wake_all() noexcept {
    const unsigned end = table_.in_use();
    for (unsigned process = 0; process < end; ++process) {
        waker_.poke(process);
    }
}

}  // namespace geventd::shm
