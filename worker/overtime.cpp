// SPDX-License-Identifier: MIT
#include "worker/overtime.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <limits>
#include <thread>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "base/no_signals.h"
#include "log/logger.h"

namespace geventd::worker {

namespace {

// The log's pipe may be full, or another thread stands still inside of the log.
constexpr time_t kSecondsForLastLine = 1;

itimerspec once(Duration delay) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
    itimerspec times{};
    times.it_value.tv_sec = seconds.count();
    times.it_value.tv_nsec = static_cast<decltype(timespec::tv_nsec)>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(delay - seconds).count());
    return times;
}

int milliseconds(Duration time) {
    const std::int64_t count = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    return static_cast<int>(std::min<std::int64_t>(count, std::numeric_limits<int>::max()));
}

// False when the kernel does not do that.
bool be_killed_soon() {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    timer_t timer{};
    const itimerspec times = once(std::chrono::seconds(kSecondsForLastLine));
    return ::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
           ::timer_settime(timer, 0, &times, nullptr) == 0;
}

}  // namespace

Overtime::Overtime(int channel, Duration limit)
    : limit_(limit),
      timer_(UniqueFd::adopt(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK))) {
    if (!timer_) {
        throw_errno("timerfd_create");
    }
    const NoSignals masked;
    std::thread([this, channel] { run(channel); }).detach();
}

void Overtime::begin() noexcept {
    if (!begun_.exchange(true)) {
        const itimerspec times = once(limit_);
        ::timerfd_settime(timer_.get(), 0, &times, nullptr);
    }
}

Duration Overtime::left() const noexcept {
    itimerspec times{};
    ::timerfd_gettime(timer_.get(), &times);
    return std::chrono::seconds(times.it_value.tv_sec) +
           std::chrono::nanoseconds(times.it_value.tv_nsec);
}

void Overtime::run(int channel) noexcept {
    pollfd watched[2] = {{timer_.get(), POLLIN, 0}, {channel, 0, 0}};
    // An application that closes all descriptors takes the timer, too.
    bool timer_lost = false;
    for (;;) {
        const int ready = ::poll(watched, 2, timer_lost && begun_ ? milliseconds(limit_) : -1);
        if (ready == 0 || (ready > 0 && (watched[0].revents & POLLIN) != 0)) {
            break;
        }
        if (ready > 0 && (watched[0].revents & POLLNVAL) != 0) {
            timer_lost = true;
            watched[0].fd = -1;
            watched[0].revents = 0;
        }
        if (watched[1].revents != 0) {
            watched[1].fd = -1;
            watched[1].revents = 0;
            begin();
        }
    }
    if (be_killed_soon()) {
        log::error("this worker does not come to its end within its time: it ends at once");
        log::finish();
    }
    ::_exit(static_cast<int>(ExitCode::Overtime));
}

void die_with_master(bool on) {
    ::prctl(PR_SET_PDEATHSIG, on ? SIGKILL : 0);
}

}  // namespace geventd::worker
