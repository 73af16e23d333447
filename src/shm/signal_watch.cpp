// SPDX-License-Identifier: MIT
#include "shm/signal_watch.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace geventd::shm {

namespace {

/// How many fast ticks without finding anything before the watch sleeps: with a steady trickle of
/// signals, not every sender should have to write to the eventfd.
constexpr unsigned kQuietTicks = 100;

/// The most targets that a tick handles. Only damaged memory has more; the rest are handled when
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
    takers_.clear();
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

/// True if something in the queue is unclaimed. The cursor stops at the first such slot.
bool SignalWatch::look(unsigned index, std::int64_t now) {
    const SignalQueue queue = table_.queue(index);
    SignalCursor& cursor = cursors_[index];
    const std::uint64_t end = cursor.refresh(queue);
    bool waiting = false;
    for (std::uint64_t at = cursor.position; at < end; ++at) {
        const std::uint32_t slot = queue.slot(at);
        if (SignalState::unpack(queue.states[slot].load()).phase != SignalPhase::Ready) {
            continue;
        }
        const std::optional<SignalRouting> routing = read_routing(table_, queue, slot);
        if (!routing) {
            continue;
        }
        if (!std::exchange(waiting, true)) {
            cursor.position = at;
        }
        const std::int64_t age = signal_age(now, queue.bodies[slot].sent_at.load_relaxed());
        if (age >= std::chrono::nanoseconds(kPatience).count()) {
            choose(*routing, age);
        }
    }
    if (!waiting) {
        cursor.position = end;
    }
    return waiting;
}

/// The first 10 ms belong to the worker that the sender woke; each further 10 ms to the next one.
void SignalWatch::choose(const SignalRouting& routing, std::int64_t age) {
    const bool any = routing.target.kind == TargetKind::Any;
    const std::uint64_t key =
        routing.number | std::uint64_t{any ? SignalTarget{}.pack() : routing.target.pack()} << 8;
    if (chosen_.size() >= kMostChoices || !chosen_.insert(key).second) {
        return;
    }
    if (chosen_.size() == 1) {
        find_takers();
    }
    const auto matches = [&](const Taker& taker) { return taker.matches(routing); };
    const auto eligible = std::count_if(takers_.begin(), takers_.end(), matches);
    if (eligible == 0) {
        return;
    }
    auto turns = age / std::chrono::nanoseconds(kPatience).count() % eligible;
    auto taker = std::find_if(takers_.begin(), takers_.end(), matches);
    for (; turns > 0; --turns) {
        taker = std::find_if(taker + 1, takers_.end(), matches);
    }
    poke_[taker->process] = true;
}

void SignalWatch::find_takers() {
    const unsigned end = table_.in_use();
    const std::uint32_t serving = registry_.serving();
    for (unsigned process = kMasterProcess + 1; process < end; ++process) {
        if (registry_.takes_signals(process, serving)) {
            const SignalProcess& place = table_.process(process);
            Taker& taker =
                takers_.emplace_back(Taker{waker_.load(process), process, place.worker.load(), {}});
            for (std::size_t word = 0; word < taker.handlers.size(); ++word) {
                taker.handlers[word] = place.handlers[word].load_ordered();
            }
        }
    }
    std::sort(takers_.begin(), takers_.end(), [](const Taker& one, const Taker& other) {
        return std::tie(one.load, one.process) < std::tie(other.load, other.process);
    });
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
