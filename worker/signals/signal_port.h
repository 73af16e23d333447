// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "shm/lock_client.h"
#include "shm/signal_claimer.h"
#include "shm/signal_region.h"
#include "shm/signal_registry.h"
#include "shm/signal_writer.h"
#include "worker/process/boot_info.h"

namespace geventd::worker {

/// A worker's access to the signals and locks in shared memory: it sends signals, registers
/// handlers, claims signals and finishes them. Exists as soon as the process has its slot, so
/// before the application is imported if each worker loads it for itself.
/// Lives in: worker. One a process; calls are serialised by the GIL. Nothing blocks.
class SignalPort {
  public:
    /// `boot` holds the memory and the eventfds, and outlives the port.
    explicit SignalPort(const BootInfo& boot);
    SignalPort(const SignalPort&) = delete;
    SignalPort& operator=(const SignalPort&) = delete;
    ~SignalPort() = default;

    /// Sends a signal. Logs a number that nobody has registered, once in the whole server.
    shm::SendResult send(std::uint8_t number, std::span<const std::byte> payload) noexcept;

    /// This worker has a handler for the number.
    shm::SignalRegistry::Outcome add(std::uint8_t number, shm::SignalTarget target) noexcept {
        return registrations_.add(number, target);
    }

    /// The number's target in this worker's generation.
    [[nodiscard]] std::optional<shm::SignalTarget> target(std::uint8_t number) const noexcept {
        return registry_.target(process_, number);
    }

    /// Repairs this process' own words in the memory if others have overwritten them, and then
    /// looks at all signals and locks. Called now and then.
    void reassert() noexcept;

    /// Makes the worker's loop look at its signals and locks.
    void wake() noexcept { waker_.poke(process_); }

    [[nodiscard]] int eventfd() const { return eventfd_; }

    shm::SignalClaimer& claimer() { return claimer_; }

    shm::LockClient& locks() { return locks_; }

    [[nodiscard]] const shm::SignalRegion& region() const { return region_; }

    /// The worker's number in its generation.
    [[nodiscard]] unsigned worker() const { return worker_; }

  private:
    const shm::SignalRegion& region_;
    unsigned process_;
    unsigned worker_;
    int eventfd_;
    shm::ScoreboardLoads loads_;
    shm::SignalWaker waker_;
    shm::SignalRegistry registry_;
    shm::SignalRegistrations registrations_;
    shm::SignalWriter writer_;
    shm::SignalClaimer claimer_;
    shm::LockClient locks_;
};

}  // namespace geventd::worker
