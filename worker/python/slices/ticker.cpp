// SPDX-License-Identifier: MIT
#include "worker/python/slices/ticker.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/fd.h"
#include "base/no_signals.h"

namespace geventd::py {

namespace {

// A thread that has used less than this part of the time is one that waits.
constexpr int kComputes = 8;

// After how many slices without work the thread looks less often, and how often then.
constexpr int kPatience = 10;
constexpr Duration kRest = std::chrono::milliseconds(100);

}  // namespace

Ticker::Ticker(TickSignal& signal, Duration slice)
    : signal_(signal),
      slice_(slice),
      hub_(::pthread_self()),
      call_("/proc/self/task/" + std::to_string(::syscall(SYS_gettid)) + "/syscall"),
      turned_(Clock::now()) {
    ::pthread_getcpuclockid(hub_, &clock_);
    const NoSignals none;
    thread_ = std::thread([this] { run(); });
}

Ticker::~Ticker() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Ticker::turned() noexcept {
    turned_.store(Clock::now(), std::memory_order_relaxed);
    if (asleep_.load(std::memory_order_relaxed)) {
        const std::lock_guard lock(mutex_);
        asleep_ = false;
        changed_.notify_one();
    }
}

void Ticker::handled(Duration pause) noexcept {
    not_before_ = Clock::now() + pause;
    on_its_way_ = false;
}

void Ticker::run() noexcept {
    std::unique_lock lock(mutex_);
    Look last;
    while (!ends_) {
        const Duration pause = look(last);
        asleep_ = last.idle >= kPatience;
        changed_.wait_for(lock, pause);
    }
}

// Sends the signal if it is time. Returns how long to wait before looking again.
Duration Ticker::look(Look& last) {
    const TimePoint now = Clock::now();
    const TimePoint turned = turned_;
    const Duration cpu = cpu_time();
    const Duration used = cpu - last.cpu;
    const Duration time = now - last.when;
    const bool is_same_turn = turned == last.turned;
    if (is_same_turn && time < slice_ / 2) {
        return slice_ / 2 - time;  // too short to see whether the thread waits
    }
    const bool computes = used * kComputes >= time;
    const TimePoint due = std::max(turned + slice_, not_before_.load());
    last.idle = computes || !is_same_turn ? 0 : last.idle + 1;
    if (!is_same_turn) {
        last.wake = due;
    }
    last.turned = turned;
    last.when = now;
    last.cpu = cpu;
    if (!is_same_turn || now < due) {
        return std::max(due - now, slice_ / 2);
    }
    if (computes) {
        send(TickSignal::Calls::GoOn);
    } else if (suspends_ && now >= last.wake && waits_for_lock()) {
        last.wake = now + (now - turned);  // less and less often
        send(TickSignal::Calls::Fail);
    }
    return last.idle < kPatience ? slice_ : std::max(slice_, kRest);
}

// In the kernel a lock is a futex. The file has the call's number, or "running".
bool Ticker::waits_for_lock() const {
    const UniqueFd file = UniqueFd::adopt(::open(call_.c_str(), O_RDONLY | O_CLOEXEC));
    char text[32] = "";
    return file && ::read(file.get(), text, sizeof text - 1) > 0 &&
           std::strtol(text, nullptr, 10) == SYS_futex;
}

void Ticker::send(TickSignal::Calls calls) {
    if (on_its_way_.exchange(true)) {
        return;
    }
    if (!signal_.send(hub_, calls)) {
        lost_ = true;  // the hub takes another one at its next turn
        on_its_way_ = false;
    }
}

Duration Ticker::cpu_time() const {
    timespec now{};
    ::clock_gettime(clock_, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace geventd::py
