// SPDX-License-Identifier: MIT
#include "shm/signal_claimer.h"

#include <algorithm>

namespace geventd::shm {

namespace {

/// The most signals taken from one queue before the next queue has its turn.
constexpr unsigned kStreak = 16;

}  // namespace

std::uint64_t SignalCursor::refresh(const SignalQueue& queue) noexcept {
    const std::uint64_t asked = queue.ends->rescans.load();
    const std::uint64_t head = queue.ends->head.load();
    const std::uint64_t slots = std::uint64_t{queue.mask} + 1;
    if (asked != rescans) {
        rescans = asked;
        position = 0;
    }
    if (position > head) {
        position = 0;  // the head was damaged when it was last read, or is damaged now
    }
    position = std::max(position, head > slots ? head - slots : 0);
    return head;
}

bool SignalCursor::behind(const SignalQueue& queue) const noexcept {
    return queue.ends->head.load_ordered() > position ||
           queue.ends->rescans.load_ordered() != rescans;
}

namespace {

struct Words {
    SignalRouting routing;
    SignalExtent payload;
};

/// Reads each word once: the checked value is the one that is used.
std::optional<Words> read_words(const SignalTable& table, const SignalBody& body) {
    const Words words{SignalRouting::unpack(body.routing.load_relaxed()),
                      SignalExtent::unpack(body.payload.load_relaxed())};
    const bool possible =
        words.routing.possible() && words.payload.possible(table.shape().payload_bytes);
    return possible ? std::optional(words) : std::nullopt;
}

}  // namespace

std::optional<SignalRouting> read_routing(const SignalTable& table, const SignalQueue& queue,
                                          std::uint32_t slot) {
    const std::optional<Words> words = read_words(table, queue.bodies[slot]);
    return words ? std::optional(words->routing) : std::nullopt;
}

std::optional<SignalClaim> read_held(const SignalTable& table, unsigned queue, std::uint32_t slot,
                                     const SignalState& state) {
    const SignalQueue from = table.queue(queue);
    const SignalBody& body = from.bodies[slot];
    const std::optional<Words> words = read_words(table, body);
    if (!words) {
        const SignalState ready{SignalPhase::Ready, state.attempts, 0, 0, state.tag};
        from.states[slot].replace(state.pack(), ready.pack());
        return std::nullopt;
    }
    SignalClaim claim;
    claim.queue = queue;
    claim.slot = slot;
    claim.state = state.pack();
    claim.routing = words->routing;
    claim.sequence = body.sequence.load_relaxed();
    claim.sent_at = body.sent_at.load_relaxed();
    claim.attempts = state.attempts;
    claim.repeats = body.repeats.load_relaxed();
    claim.sender_pid = body.sender_pid.load_relaxed();
    claim.payload = {from.payloads + words->payload.offset, words->payload.size};
    return claim;
}

SignalClaimer::SignalClaimer(const SignalTable& table, unsigned process)
    : table_(table),
      registry_(table),
      process_(process),
      incarnation_(static_cast<std::uint16_t>(table.process(process).incarnation.load())),
      cursors_(table.processes()) {}

void SignalClaimer::accept(bool on) noexcept {
    accepting_ = on;
    table_.process(process_).accepting.store_ordered(on ? 1 : 0);
}

bool SignalClaimer::reassert() noexcept {
    if (table_.process(process_).accepting.load() == (accepting_ ? 1U : 0U)) {
        return false;
    }
    accept(accepting_);
    return true;
}

std::optional<SignalClaim> SignalClaimer::claim() noexcept {
    if (!registry_.takes_signals(process_)) {
        return std::nullopt;
    }
    const unsigned queues = table_.in_use();
    for (unsigned tried = 0; tried <= queues; ++tried) {
        if (turn_ < queues && streak_ < kStreak) {
            if (std::optional<SignalClaim> claim = claim_from(turn_)) {
                ++streak_;
                return claim;
            }
        }
        streak_ = 0;
        turn_ = turn_ + 1 < queues ? turn_ + 1 : 0;
    }
    return std::nullopt;
}

std::optional<SignalClaim> SignalClaimer::claim_from(unsigned index) noexcept {
    const SignalQueue queue = table_.queue(index);
    SignalCursor& cursor = cursors_[index];
    const std::uint64_t end = cursor.refresh(queue);
    while (cursor.position < end) {
        if (auto claim = try_claim(index, queue.slot(cursor.position++))) {
            return claim;
        }
    }
    return std::nullopt;
}

std::optional<SignalClaim> SignalClaimer::try_claim(unsigned index, std::uint32_t slot) noexcept {
    const SignalQueue queue = table_.queue(index);
    const std::uint64_t ready = queue.states[slot].load();
    SignalState state = SignalState::unpack(ready);
    if (state.phase != SignalPhase::Ready) {
        return std::nullopt;
    }
    const std::optional<SignalRouting> routing = read_routing(table_, queue, slot);
    if (!routing || !registry_.matches(process_, *routing)) {
        return std::nullopt;
    }
    state.phase = SignalPhase::Claimed;
    state.claimer = static_cast<std::uint16_t>(process_);
    state.incarnation = incarnation_;
    if (!queue.states[slot].replace(ready, state.pack())) {
        return std::nullopt;
    }
    std::optional<SignalClaim> claim = read_held(table_, index, slot, state);
    if (claim) {
        table_.process(process_).running.store_relaxed(++held_);
    }
    return claim;
}

void SignalClaimer::begin(SignalClaim& claim) noexcept {
    SignalState state = SignalState::unpack(claim.state);
    state.phase = SignalPhase::Running;
    if (table_.queue(claim.queue).states[claim.slot].replace(claim.state, state.pack())) {
        claim.state = state.pack();
    }
}

/// True if the signal was still held by this process.
bool SignalClaimer::let_go(const SignalClaim& claim) noexcept {
    SignalState state = SignalState::unpack(claim.state);
    state = {SignalPhase::Done, state.attempts, 0, 0, state.tag};
    table_.process(process_).running.store_relaxed(--held_);
    return table_.queue(claim.queue).states[claim.slot].replace(claim.state, state.pack());
}

void SignalClaimer::finish(const SignalClaim& claim, bool failed) noexcept {
    if (let_go(claim)) {
        SignalCounters::Number& counters = table_.counters(process_).numbers[claim.routing.number];
        (failed ? counters.failed : counters.handled).count();
    }
}

void SignalClaimer::absorb(const SignalClaim& claim) noexcept {
    if (let_go(claim)) {
        table_.counters(process_).numbers[claim.routing.number].coalesced.count();
    }
}

bool SignalClaimer::prepare_to_wait() noexcept {
    Word<std::uint32_t>& sleeping = table_.process(process_).sleeping;
    sleeping.store_ordered(1);
    if (!registry_.takes_signals(process_)) {
        return true;
    }
    const unsigned queues = table_.in_use();
    for (unsigned queue = 0; queue < queues; ++queue) {
        if (cursors_[queue].behind(table_.queue(queue))) {
            sleeping.store_ordered(0);
            return false;
        }
    }
    return true;
}

void SignalClaimer::rescan() noexcept {
    std::fill(cursors_.begin(), cursors_.end(), SignalCursor{});
}

}  // namespace geventd::shm
