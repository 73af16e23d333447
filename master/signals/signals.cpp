// SPDX-License-Identifier: MIT
#include "master/signals/signals.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "config/schedule.h"
#include "log/logger.h"
#include "master/signals/losses.h"

namespace geventd::master {

namespace {

// Room for as many generations as may be alive during a reload, and for some additional workers.
constexpr int kGenerations = 5;
constexpr int kSpareEventfds = 32;

// The eventfds handed to every process, in which they stay open. The master wakes the processes
// above this number.
constexpr int kMostEventfds = 200;

// How often memories are checked for damage and former ones are cleared.
constexpr Duration kDamageTick = std::chrono::seconds(1);

std::int64_t nanoseconds(TimePoint time) {
    return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

}  // namespace

Signals::Signals(event::Loop& loop, event::DeadlineClock& clock, const config::Signals& settings,
                 const shm::Scoreboard& scoreboard, Identity tenant)
    : loop_(loop),
      settings_(settings),
      tenant_(std::move(tenant)),
      loads_(scoreboard),
      memories_(settings_, loads_),
      watch_timer_(clock),
      damage_timer_(clock),
      eventfd_io_(loop),
      ticker_(loop, clock, [this](std::uint8_t number) { tick(number); }) {
    watch_timer_.bind<&Signals::watch>(this);
    damage_timer_.bind<&Signals::look_for_damage>(this);
    eventfd_io_.bind<Signals, &Signals::on_woken>(this);
    eventfd_io_.watch(eventfd(shm::kMasterProcess), event::Io::kRead);
    watch();
    damage_timer_.start(kDamageTick);
}

void Signals::begin(std::uint32_t generation, const config::Settings& settings) {
    memories_.begin(generation);
    for (const config::ScheduleEntry& entry : config::schedule_of(settings)) {
        ticker_.add(generation, static_cast<std::uint8_t>(entry.sends->number), entry.plan,
                    entry.key);
    }
}

void Signals::serve(std::uint32_t generation, unsigned workers) {
    workers_ = workers;
    memories_.serve(generation);
    ticker_.serve(generation);
    memories_.look(loop_.now());
    retire_workers();
}

void Signals::forget(std::uint32_t generation) {
    memories_.forget(generation);
    ticker_.forget(generation);
}

void Signals::former_is_gone() {
    log_losses(memories_.serving().recovery.set_aside_unregistered());
}

void Signals::resize(unsigned workers) {
    workers_ = workers;
    retire_workers();
}

void Signals::retire_workers() {
    if (workers_ != 0) {
        log_losses(memories_.serving().recovery.retire_workers_above(workers_));
    }
}

void Signals::hand_out(std::uint32_t slot, std::uint32_t generation, std::uint32_t worker) {
    memories_.hand_out(slot, generation);
    memories_.of_slot(slot).recovery.hand_out(shm::process_of_slot(slot), generation, worker);
}

void Signals::reap(std::uint32_t slot) {
    const unsigned process = shm::process_of_slot(slot);
    SignalMemory& memory = memories_.of_slot(slot);
    const unsigned worker = memory.recovery.places().of[process].worker;
    const shm::Reaped reaped = memory.recovery.reap(process);
    memory.region.locks().reap(process, [&](unsigned waiter) { memory.waker.poke(waiter); });
    memories_.release(slot);
    if (reaped.redelivered > 0) {
        log::warning("worker {} left {} {} unfinished: delivered again", worker, reaped.redelivered,
                     reaped.redelivered == 1 ? "signal" : "signals");
    }
    log_losses(reaped.set_aside);
    if (worker > workers_) {
        retire_workers();
    }
}

void Signals::schedule(std::uint32_t slot, const ipc::Message& message, bool serves) {
    const shm::SignalPlaces::Place& place =
        memories_.of_slot(slot).recovery.places().of[shm::process_of_slot(slot)];
    ticker_.add(place.generation, static_cast<std::uint8_t>(message.value), message.text,
                fmt::format("worker {}", place.worker), &tenant_);
    if (serves) {
        ticker_.repeat(static_cast<std::uint8_t>(message.value), message.text);
    }
}

int Signals::eventfd(unsigned process) {
    const int fd = eventfds_.of(process);
    for (const auto& memory : memories_.all()) {
        memory->waker.set_eventfd(process, fd);
    }
    return fd;
}

std::vector<UniqueFd> Signals::eventfds_for(int workers) {
    const int count = std::min(1 + kSpareEventfds + kGenerations * workers, kMostEventfds);
    std::vector<UniqueFd> fds;
    fds.reserve(static_cast<std::size_t>(count));
    for (int process = 0; process < count; ++process) {
        fds.push_back(duplicate(eventfd(static_cast<unsigned>(process))));
    }
    known_to_all_ = known_to_all_ == 0 ? static_cast<unsigned>(count)
                                       : std::min(known_to_all_, static_cast<unsigned>(count));
    return fds;
}

UniqueFd Signals::eventfd_of(std::uint32_t slot) {
    return duplicate(eventfd(shm::process_of_slot(slot)));
}

Result<void> Signals::send(std::uint8_t number, std::string_view payload) {
    const auto bytes = std::as_bytes(std::span(payload.data(), payload.size()));
    switch (send_out({number, bytes, false})) {
        case shm::SendResult::Accepted:
            return {};
        case shm::SendResult::QueueFull:
            return failure("the queue is full: the signal was not accepted");
        case shm::SendResult::PayloadTooLarge:
            return failure(
                fmt::format("the payload is larger than {} bytes",
                            std::min<std::uint64_t>(shm::kMaxSignalPayload, settings_.payloads)));
        case shm::SendResult::Unregistered:
            return failure(fmt::format("nobody has registered signal {}{}", number,
                                       workers_ == 0 ? " yet: the application is not loaded" : ""));
    }
    return failure("the signal was not accepted");
}

bool Signals::take_over(const shm::SignalClaim& signal) {
    if (!memories_.serving().writer.forward(signal)) {
        return false;
    }
    if (signal.routing.target.worker > workers_) {
        retire_workers();
    }
    return true;
}

shm::SendResult Signals::send_out(const shm::OutgoingSignal& signal) noexcept {
    SignalMemory& memory = memories_.serving();
    const shm::SendResult result = memory.writer.send(signal, nanoseconds(Clock::now()));
    if (result == shm::SendResult::Unregistered && workers_ != 0 &&
        memory.registry.first_miss(signal.number)) {
        log::warning("signal {} was sent, but nobody has registered it", signal.number);
    }
    return result;
}

void Signals::tick(std::uint8_t number) noexcept {
    if (send_out({number, {}, true}) == shm::SendResult::QueueFull) {
        log::error("a tick of signal {} is lost: the master's queue is full", number);
    }
}

void Signals::tell_end(pid_t pid, std::string_view reason) noexcept {
    if (!tells_ends_by_) {
        return;
    }
    const std::string text = fmt::format("{} {}", pid, reason);
    const auto result = send_out({static_cast<std::uint8_t>(*tells_ends_by_),
                                  std::as_bytes(std::span(text.data(), text.size())), false});
    if (result != shm::SendResult::Accepted) {
        log::error("hooks.worker-died is not called for pid {}: {}", pid,
                   result == shm::SendResult::QueueFull ? "the master's queue of signals is full"
                                                        : "no worker has got ready with that hook");
    }
}

void Signals::on_woken(int) noexcept {
    empty_unwaiting(eventfds_.of(shm::kMasterProcess));
    wake_lock_waiters();
    watch();
}

void Signals::watch() noexcept {
    const TimePoint now = loop_.refresh_now();
    std::chrono::milliseconds delay = shm::SignalWatch::kSlowTick;
    for (const auto& memory : memories_.all()) {
        delay = std::min(delay, memory->watch.tick(nanoseconds(now)));
    }
    watch_timer_.start(delay);
}

void Signals::look_for_damage() noexcept {
    if (memories_.look(loop_.refresh_now())) {
        retire_workers();
    }
    damage_timer_.start(kDamageTick);
}

// A process that releases a lock but lacks the next waiter's eventfd wakes the master instead.
void Signals::wake_lock_waiters() {
    for (const auto& memory : memories_.all()) {
        const shm::LockTable locks = memory->region.locks();
        if (memory->recovery.places().in_use <= known_to_all_) {
            continue;
        }
        for (unsigned lock = 0; lock < locks.locks(); ++lock) {
            locks.wake_next(lock, [&](unsigned process) { memory->waker.poke(process); });
        }
    }
}

std::vector<SignalStatus> Signals::status() const {
    const std::int64_t now = nanoseconds(Clock::now());
    const shm::SignalStatistics statistics = shm::read_statistics(table());
    std::vector<SignalStatus> signals;
    for (unsigned number = 0; number < statistics.size(); ++number) {
        const bool registered =
            memories_.serving().registry.route(static_cast<std::uint8_t>(number)).has_value();
        if (registered || !statistics[number].empty()) {
            signals.push_back({number, registered, statistics[number], now});
        }
    }
    return signals;
}

std::vector<LockStatus> Signals::lock_status() const {
    const SignalMemory& memory = memories_.serving();
    const shm::LockTable table = memory.region.locks();
    std::vector<LockStatus> locks;
    for (unsigned lock = 0; lock < memory.region.user_locks(); ++lock) {
        const unsigned cell = shm::kNumberLocks + lock;
        const auto holder = table.holder(cell);
        const unsigned waiting = table.waiting(cell);
        if (holder || waiting > 0) {
            const unsigned worker =
                holder ? memory.recovery.places().of[holder->process].worker : 0;
            locks.push_back({lock, worker, waiting, table.left(cell)});
        }
    }
    return locks;
}

std::uint64_t Signals::waiting() const {
    std::uint64_t waiting = 0;
    for (const auto& memory : memories_.all()) {
        for (const shm::SignalFigures& figures : shm::read_statistics(memory->recovery.table())) {
            waiting += figures.waiting;
        }
    }
    return waiting;
}

}  // namespace geventd::master
