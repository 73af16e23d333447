// SPDX-License-Identifier: MIT
#include "worker/signals/signal_port.h"

#include <chrono>
#include <vector>

#include "base/clock.h"
#include "log/logger.h"

namespace geventd::worker {

namespace {

std::vector<int> numbers_of(const std::vector<UniqueFd>& fds) {
    std::vector<int> numbers;
    numbers.reserve(fds.size());
    for (const UniqueFd& fd : fds) {
        numbers.push_back(fd.get());
    }
    return numbers;
}

}  // namespace

SignalPort::SignalPort(const BootInfo& boot)
    : region_(*boot.signals),
      process_(shm::process_of_slot(boot.slot)),
      worker_(boot.worker),
      eventfd_(boot.eventfds.at(process_).get()),
      loads_(*boot.scoreboard),
      waker_(region_.signals(), numbers_of(boot.eventfds), &loads_),
      registry_(region_.signals()),
      registrations_(region_.signals(), process_),
      writer_(region_.signals(), process_, waker_),
      claimer_(region_.signals(), process_),
      locks_(region_.locks(), process_,
             static_cast<std::uint16_t>(region_.signals().process(process_).incarnation.load()),
             waker_) {}

shm::SendResult SignalPort::send(std::uint8_t number, std::span<const std::byte> payload) noexcept {
    const auto now = std::chrono::nanoseconds(Clock::now().time_since_epoch());
    const shm::SendResult result = writer_.send({number, payload, false}, now.count());
    if (result == shm::SendResult::Unregistered && registry_.first_miss(number)) {
        log::warning("signal {} was sent, but nobody has registered it", number);
    }
    return result;
}

void SignalPort::reassert() noexcept {
    const bool registered_anew = registrations_.reassert();
    const bool accepts_anew = claimer_.reassert();
    const bool queued_anew = writer_.reassert();
    locks_.reassert();
    if (registered_anew || accepts_anew || queued_anew) {
        claimer_.rescan();
        wake();
    }
}

}  // namespace geventd::worker
