// SPDX-License-Identifier: MIT
#include "worker/python/slices/ticker.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/errno_error.h"
#include "base/fd.h"
#include "base/no_signals.h"

namespace geventd::py {

namespace {

// A thread that has used less than this part of the time is one that waits, unless the kernel says
// otherwise.
constexpr int kWorks = 8;

// After how many periods without work the thread looks less often, and how often then.
constexpr int kPatience = 10;
constexpr Duration kRest = std::chrono::milliseconds(100);

}  // namespace

Ticker::Ticker(TickSignal& signal, Duration period)
    : signal_(signal),
      period_(period),
      hub_(::pthread_self()),
      call_("/proc/self/task/" + std::to_string(::syscall(SYS_gettid)) + "/syscall"),
      turned_(Clock::now()) {
    if (const int error = ::pthread_getcpuclockid(hub_, &clock_); error != 0) {
        throw ErrnoError(error, "measuring the hub's time on the CPU");
    }
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
    turned_ = Clock::now();
    if (asleep_) {
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
        if (!asleep_ || turned_.load() == last.turned) {  // else it may not have seen asleep_
            changed_.wait_for(lock, pause);
        }
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
    if (is_same_turn && time < period_ / 2) {
        return period_ / 2 - time;  // too short to see whether the thread waits
    }
    const TimePoint due = std::max(turned + period_, not_before_.load());
    last.turned = turned;
    last.when = now;
    last.cpu = cpu;
    if (!is_same_turn || now < due) {
        last.idle = 0;
        last.wake = due;
        return std::max(due - now, period_ / 2);
    }
    const Deed deed = deed_of_hub();
    const bool works = used * kWorks >= time;
    if (deed == Deed::Computes || (works && deed != Deed::Calls)) {
        last.idle = 0;
        send(TickSignal::Calls::GoOn);
    } else {
        ++last.idle;
        if (deed == Deed::WaitsForLock && suspends_ && now >= last.wake) {
            last.wake = now + (now - turned);  // less and less often
            send(TickSignal::Calls::Fail);
        }
    }
    return last.idle < kPatience ? period_ : std::max(period_, kRest);
}

// The kernel's file begins with the number of the call, or with "running": also while the thread
// could run but others have the CPU. In the kernel a lock is a futex.
Ticker::Deed Ticker::deed_of_hub() const {
    const UniqueFd file = UniqueFd::adopt(::open(call_.c_str(), O_RDONLY | O_CLOEXEC));
    char text[32] = "";
    if (!file || ::read(file.get(), text, sizeof text - 1) <= 0) {
        return Deed::Unknown;
    }
    if (text[0] == 'r') {
        return Deed::Computes;
    }
    return std::strtol(text, nullptr, 10) == SYS_futex ? Deed::WaitsForLock : Deed::Calls;
}

// What is on its way when the signal becomes another's never arrives.
void Ticker::send(TickSignal::Calls calls) {
    if (on_its_way_ && signal_.is_ours()) {
        return;
    }
    on_its_way_ = true;
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
