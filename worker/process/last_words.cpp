// SPDX-License-Identifier: MIT
#include "worker/process/last_words.h"

#include <unistd.h>

#include <csignal>
#include <ctime>

#include "log/logger.h"

namespace geventd::worker {

namespace {

// Logging may hang: the pipe is full, or another thread was stopped while it logged.
constexpr time_t kSecondsForLastLine = 1;

// False when the kernel has no timer left.
bool be_killed_soon() {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    timer_t timer{};
    itimerspec times{};
    times.it_value.tv_sec = kSecondsForLastLine;
    return ::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
           ::timer_settime(timer, 0, &times, nullptr) == 0;
}

}  // namespace

void end_at_once(ExitCode code, std::string_view text) noexcept {
    if (be_killed_soon()) {
        log::error("{}", text);
        log::finish();
    }
    ::_exit(static_cast<int>(code));
}

}  // namespace geventd::worker
