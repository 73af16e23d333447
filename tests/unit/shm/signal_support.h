// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "shm/signal_claimer.h"
#include "shm/signal_recovery.h"
#include "shm/signal_statistics.h"
#include "shm/signal_watch.h"
#include "shm/signal_writer.h"

namespace geventd::shm {

/// Memory that the test shares with its children.
class SharedMemory {
  public:
    explicit SharedMemory(std::size_t size) : size_(size) {
        memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory_ == MAP_FAILED) {
            std::abort();
        }
    }

    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    ~SharedMemory() { ::munmap(memory_, size_); }

    void* data() const { return memory_; }

    std::size_t size() const { return size_; }

  private:
    void* memory_;
    std::size_t size_;
};

/// A table with eventfds and the master's tools, as in a server with one generation.
class SignalFamily {
  public:
    static constexpr std::uint8_t kNumber = 17;
    static constexpr unsigned kMaxAttempts = 3;

    explicit SignalFamily(const SignalShape& shape)
        : memory(SignalTable::bytes(shape)),
          table(SignalTable::format(memory.data(), memory.size(), shape)),
          registry(table) {
        for (unsigned process = 0; process < table.processes(); ++process) {
            eventfds.push_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        }
        waker = std::make_unique<SignalWaker>(table, eventfds, nullptr);
        recovery = std::make_unique<SignalRecovery>(table, *waker, kMaxAttempts);
        recovery->begin(1);
    }

    ~SignalFamily() {
        for (const int fd : eventfds) {
            ::close(fd);
        }
    }

    SignalFamily(const SignalFamily&) = delete;
    SignalFamily& operator=(const SignalFamily&) = delete;

    /// A worker that is ready and has a handler for kNumber.
    SignalClaimer worker(unsigned process, SignalTarget target = {}) {
        return worker_of(1, process, process, target);
    }

    SignalClaimer worker_of(std::uint32_t generation, unsigned process, unsigned number,
                            SignalTarget target = {}) {
        recovery->hand_out(process, generation, number);
        EXPECT_EQ(registry.add(process, kNumber, target), SignalRegistry::Outcome::Registered);
        SignalClaimer claimer(table, process);
        claimer.accept(true);
        return claimer;
    }

    SignalWriter writer(unsigned process) { return SignalWriter(table, process, *waker); }

    /// Whether the process was woken since the last call.
    bool woken(unsigned process) const {
        std::uint64_t value = 0;
        return ::read(eventfds[process], &value, sizeof value) == sizeof value;
    }

    SharedMemory memory;
    SignalTable table;
    SignalRegistry registry;
    std::vector<int> eventfds;
    std::unique_ptr<SignalWaker> waker;
    std::unique_ptr<SignalRecovery> recovery;
};

/// A signal whose payload is an id.
inline SendResult send_id(SignalWriter& writer, std::uint64_t id, std::size_t size = sizeof(id)) {
    std::vector<std::byte> payload(std::max(size, sizeof id), std::byte{0x5a});
    std::memcpy(payload.data(), &id, sizeof id);
    return writer.send({SignalFamily::kNumber, payload, false}, 0);
}

inline std::uint64_t id_of(const SignalClaim& claim) {
    std::uint64_t id = 0;
    if (claim.payload.size() >= sizeof id) {
        std::memcpy(&id, claim.payload.data(), sizeof id);
    }
    return id;
}

/// Claims and finishes all signals for the worker; returns how often each id came.
inline std::map<std::uint64_t, unsigned> drain(SignalClaimer& claimer) {
    std::map<std::uint64_t, unsigned> seen;
    while (std::optional<SignalClaim> claim = claimer.claim()) {
        ++seen[id_of(*claim)];
        claimer.begin(*claim);
        claimer.finish(*claim, false);
    }
    return seen;
}

/// Runs `deed` in a child that stops before its `step`-th access to shared memory (counted from 1).
/// Runs `meanwhile` while the child is stopped; then the child is killed, or continues if `resume`
/// is set. False: `deed` ended before that step.
bool stop_at_step(unsigned step, const std::function<void()>& deed,
                  const std::function<void()>& meanwhile, bool resume = false);

}  // namespace geventd::shm
