// SPDX-License-Identifier: MIT
#include "master/signals/signals.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

#include "config/schedule.h"
#include "log/logger.h"
#include "master/signals/losses.h"

namespace geventd::master {

namespace {

// Room for a reload with as many generations as may live at once, and some more workers.
constexpr int kGenerations = 5;
constexpr int kSpareEventfds = 32;

// A boot message carries few descriptors; listeners want some too. Processes past this number
// are woken by the master.
constexpr int kMostEventfds = 200;

std::int64_t nanoseconds(TimePoint time) {
    return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

}  // namespace

Signals::Signals(event::Loop& loop, event::DeadlineClock& clock, const config::Signals& settings,
                 const shm::Scoreboard& scoreboard)
    : loop_(loop),
      settings_(settings),
      region_(shm::SignalRegion::create(static_cast<std::uint32_t>(settings.queue),
                                        static_cast<std::uint32_t>(settings.payloads),
                                        static_cast<std::uint32_t>(settings.locks))),
      loads_(scoreboard),
      waker_(region_.signals(), {}, &loads_),
      eventfds_(waker_),
      registry_(region_.signals()),
      recovery_(region_.signals(), waker_, static_cast<unsigned>(settings.max_attempts)),
      writer_(region_.signals(), shm::kMasterProcess, waker_),
      watch_(region_.signals(), waker_),
      watch_list_(
          clock, shm::SignalWatch::kSlowTick,
          [](void* self, event::Deadline&) noexcept { static_cast<Signals*>(self)->watch(); },
          this),
      eventfd_io_(loop),
      ticker_(loop, clock, [this](std::uint8_t number) { tick(number); }) {
    eventfd_io_.bind<Signals, &Signals::on_woken>(this);
    eventfd_io_.watch(eventfds_.of(shm::kMasterProcess), event::Io::kRead);
    watch();
}

void Signals::begin(std::uint32_t generation, const config::Settings& settings) {
    config::Signals fixed = settings.signals;
    fixed.concurrency = settings_.concurrency;
    if (!(fixed == settings_)) {
        log::warning("signals: sizes and limits other than concurrency take effect with a restart");
    }
    registry_.begin(generation);
    for (const config::ScheduleEntry& entry : config::schedule_of(settings)) {
        ticker_.add(generation, static_cast<std::uint8_t>(entry.sends->number), entry.plan,
                    entry.key);
    }
}

void Signals::serve(std::uint32_t generation, unsigned workers) {
    workers_ = workers;
    recovery_.serve(generation);
    ticker_.serve(generation);
    log_losses(recovery_.retire_workers_above(workers_));
}

void Signals::forget(std::uint32_t generation) {
    ticker_.forget(generation);
}

void Signals::former_is_gone() {
    log_losses(recovery_.set_aside_unregistered());
}

void Signals::resize(unsigned workers) {
    workers_ = workers;
    log_losses(recovery_.retire_workers_above(workers_));
}

void Signals::hand_out(std::uint32_t slot, std::uint32_t generation, std::uint32_t worker) {
    recovery_.hand_out(shm::process_of_slot(slot), generation, worker);
}

void Signals::reap(std::uint32_t slot) {
    const unsigned process = shm::process_of_slot(slot);
    const unsigned worker = region_.signals().process(process).worker.load();
    const shm::Reaped reaped = recovery_.reap(process);
    region_.locks().reap(process, [this](unsigned waiter) { waker_.poke(waiter); });
    if (reaped.redelivered > 0) {
        log::warning("worker {} left {} {} unfinished: delivered again", worker, reaped.redelivered,
                     reaped.redelivered == 1 ? "signal" : "signals");
    }
    log_losses(reaped.set_aside);
    if (workers_ != 0 && worker > workers_) {
        log_losses(recovery_.retire_workers_above(workers_));
    }
}

void Signals::schedule(std::uint32_t slot, const ipc::Message& message) {
    const shm::SignalProcess& process = region_.signals().process(shm::process_of_slot(slot));
    ticker_.add(process.generation.load(), static_cast<std::uint8_t>(message.value), message.text,
                fmt::format("worker {}", process.worker.load()));
}

std::uint32_t Signals::append_eventfds(std::vector<UniqueFd>& fds, int workers) {
    const int room = static_cast<int>(ipc::kMaxFds) - static_cast<int>(fds.size()) - 1;
    const int wanted = std::min(1 + kSpareEventfds + kGenerations * workers, kMostEventfds);
    const int count = std::max(std::min(wanted, room), 0);
    for (int process = 0; process < count; ++process) {
        fds.push_back(duplicate(eventfds_.of(static_cast<unsigned>(process))));
    }
    known_to_all_ = known_to_all_ == 0 ? static_cast<unsigned>(count)
                                       : std::min(known_to_all_, static_cast<unsigned>(count));
    return static_cast<std::uint32_t>(count);
}

UniqueFd Signals::eventfd_of(std::uint32_t slot) {
    return duplicate(eventfds_.of(shm::process_of_slot(slot)));
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
    if (!writer_.forward(signal)) {
        return false;
    }
    if (workers_ != 0 && signal.routing.target.worker > workers_) {
        log_losses(recovery_.retire_workers_above(workers_));
    }
    return true;
}

shm::SendResult Signals::send_out(const shm::OutgoingSignal& signal) noexcept {
    const shm::SendResult result = writer_.send(signal, nanoseconds(Clock::now()));
    if (result == shm::SendResult::Unregistered && workers_ != 0 &&
        registry_.first_miss(signal.number)) {
        log::warning("signal {} was sent, but nobody has registered it", signal.number);
    }
    return result;
}

void Signals::tick(std::uint8_t number) noexcept {
    if (send_out({number, {}, true}) == shm::SendResult::QueueFull) {
        log::error("a tick of signal {} is lost: the master's queue is full", number);
    }
}

void Signals::on_woken(int) noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got =
        ::read(eventfds_.of(shm::kMasterProcess), &count, sizeof count);
    wake_lock_waiters();
    watch();
}

void Signals::watch() noexcept {
    const TimePoint now = loop_.refresh_now();
    watch_list_.set_delay(watch_.tick(nanoseconds(now)));
    watch_list_.start(watch_deadline_);
}

// Who released a lock and does not know the next one's eventfd woke the master instead.
void Signals::wake_lock_waiters() {
    if (region_.signals().in_use() <= known_to_all_) {
        return;
    }
    for (unsigned lock = 0; lock < region_.locks().locks(); ++lock) {
        region_.locks().wake_next(lock, [this](unsigned process) { waker_.poke(process); });
    }
}

std::vector<SignalStatus> Signals::status() const {
    const std::int64_t now = nanoseconds(Clock::now());
    const shm::SignalStatistics statistics = shm::read_statistics(region_.signals());
    std::vector<SignalStatus> signals;
    for (unsigned number = 0; number < statistics.size(); ++number) {
        const bool registered = registry_.route(static_cast<std::uint8_t>(number)).has_value();
        if (registered || !statistics[number].empty()) {
            signals.push_back({number, registered, statistics[number], now});
        }
    }
    return signals;
}

std::vector<LockStatus> Signals::lock_status() const {
    std::vector<LockStatus> locks;
    for (unsigned lock = 0; lock < region_.user_locks(); ++lock) {
        const unsigned cell = shm::kNumberLocks + lock;
        const auto holder = region_.locks().holder(cell);
        const unsigned waiting = region_.locks().waiting(cell);
        if (holder || waiting > 0) {
            const unsigned worker =
                holder ? region_.signals().process(holder->process).worker.load() : 0;
            locks.push_back({lock, worker, waiting});
        }
    }
    return locks;
}

std::uint64_t Signals::waiting() const {
    std::uint64_t waiting = 0;
    for (const shm::SignalFigures& figures : shm::read_statistics(region_.signals())) {
        waiting += figures.waiting;
    }
    return waiting;
}

}  // namespace geventd::master
