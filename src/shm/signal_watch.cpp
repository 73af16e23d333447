// SPDX-License-Identifier: MIT
#include "shm/signal_watch.h"

#include <algorithm>
#include <utility>

namespace geventd::shm {

namespace {

/// Quick ticks that find nothing before the watch sleeps: a steady trickle of signals must not
/// cost an eventfd write each.
constexpr unsigned kQuietTicks = 100;

/// Targets that a tick decides about. Only damaged memory has so many; the others' turn comes when
/// these are claimed.
constexpr std::size_t kMostChoices = 1024;

}  // namespace

SignalWatch::SignalWatch(const SignalTable& table, SignalWaker& waker)
    : table_(table),
      registry_(table),
      waker_(waker),
      cursors_(table.processes()),
      poke_(table.processes()) {}

std::chrono::milliseconds SignalWatch::tick(std::int64_t now) {
    std::fill(poke_.begin(), poke_.end(), false);
    chosen_.clear();
    bool waiting = false;
    const unsigned queues = table_.in_use();
    for (unsigned queue = 0; queue < queues; ++queue) {
        waiting = look(queue, now) || waiting;
    }
    for (unsigned process = 0; process < queues; ++process) {
        if (poke_[process]) {
            waker_.poke(process);
        }
    }
    quiet_ = waiting ? 0 : quiet_ + 1;
    if (quiet_ < kQuietTicks || !prepare_to_wait()) {
        return kPatience;
    }
    return kSlowTick;
}

/// True when something in the queue is unclaimed. The cursor stops at the first such slot.
bool SignalWatch::look(unsigned index, std::int64_t now) {
    const SignalQueue queue = table_.queue(index);
    SignalCursor& cursor = cursors_[index];
    const std::uint64_t end = cursor.refresh(queue);
    bool waiting = false;
    for (std::uint64_t at = cursor.position; at < end; ++at) {
        const std::uint32_t slot = queue.slot(at);
        const std::uint64_t word = queue.states[slot].load();
        if (SignalState::unpack(word).phase != SignalPhase::Ready ||
            !is_possible(table_, queue, slot)) {
            continue;
        }
        if (!std::exchange(waiting, true)) {
            cursor.position = at;
        }
        const SignalBody& body = queue.bodies[slot];
        const std::int64_t age = signal_age(now, body.sent_at.load_relaxed());
        if (age >= std::chrono::nanoseconds(kPatience).count()) {
            choose(SignalRouting::unpack(body.routing.load_relaxed()), age);
        }
    }
    if (!waiting) {
        cursor.position = end;
    }
    return waiting;
}

/// The first 10 ms were for whom the sender woke; each further 10 ms are the next one's.
void SignalWatch::choose(const SignalRouting& routing, std::int64_t age) {
    const std::uint64_t key = routing.number | std::uint64_t{routing.target.pack()} << 8;
    if (chosen_.size() >= kMostChoices || !chosen_.insert(key).second) {
        return;
    }
    std::vector<std::pair<std::uint32_t, unsigned>> eligible;
    const unsigned end = table_.in_use();
    for (unsigned process = kMasterProcess + 1; process < end; ++process) {
        if (registry_.takes_signals(process) && registry_.matches(process, routing)) {
            eligible.emplace_back(waker_.load(process), process);
        }
    }
    if (!eligible.empty()) {
        std::sort(eligible.begin(), eligible.end());
        const auto turns =
            static_cast<std::size_t>(age / std::chrono::nanoseconds(kPatience).count());
        poke_[eligible[turns % eligible.size()].second] = true;
    }
}

bool SignalWatch::prepare_to_wait() {
    Word<std::uint32_t>& sleeping = table_.process(kMasterProcess).sleeping;
    sleeping.store_ordered(1);
    const unsigned queues = table_.in_use();
    for (unsigned queue = 0; queue < queues; ++queue) {
        if (cursors_[queue].behind(table_.queue(queue))) {
            sleeping.store_ordered(0);
            quiet_ = 0;
            return false;
        }
    }
    return true;
}

}  // namespace geventd::shm
