// SPDX-License-Identifier: MIT
#include "worker/python/slices/tick_signal.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "log/logger.h"
#include "worker/python/api/native_module.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

using Disposition = void (*)(int);

// CPython's own handler in C, the same for all numbers.
std::atomic<Disposition> cpython_handler = nullptr;

// Ours, which differs from CPython's: so a number that Python code takes for itself is noticed.
void on_tick(int number) {
    cpython_handler.load(std::memory_order_relaxed)(number);
}

Disposition disposition_of(int number) noexcept {
    struct sigaction now {};

    return ::sigaction(number, nullptr, &now) == 0 ? now.sa_handler : SIG_ERR;
}

// Whether the calling thread can receive it: whoever started the process may have blocked some.
bool is_blocked(int number) noexcept {
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    return ::sigismember(&blocked, number) == 1;
}

}  // namespace

TickSignal::TickSignal(Ref handler)
    : handler_(std::move(handler)), set_(imported("_signal", "signal")) {
    if (!take()) {
        throw std::runtime_error(
            "workers.time-slice needs a Unix signal, and every real-time one has a handler or is "
            "blocked");
    }
}

bool TickSignal::take() {
    for (int number = SIGRTMAX; number >= SIGRTMIN; --number) {
        if (number == alarm_signal() || disposition_of(number) != SIG_DFL || is_blocked(number)) {
            continue;
        }
        checked(PyObject_CallFunction(set_.get(), "iO", number, handler_.get()));
        cpython_handler = disposition_of(number);
        install(number, Calls::GoOn);
        number_ = number;  // only now: until then the ticker's thread uses the former
        return true;
    }
    return false;
}

void TickSignal::install(int number, Calls calls) noexcept {
    struct sigaction ours {};

    ours.sa_handler = &on_tick;
    ours.sa_flags = SA_ONSTACK | (calls == Calls::GoOn ? SA_RESTART : 0);
    ::sigaction(number, &ours, nullptr);
    calls_ = calls;
}

bool TickSignal::is_ours() const noexcept {
    return disposition_of(number_.load()) == &on_tick;
}

bool TickSignal::send(pthread_t thread, Calls calls) noexcept {
    if (!is_ours()) {
        return false;
    }
    if (calls_ != calls) {
        install(number_.load(), calls);
    }
    return ::pthread_kill(thread, number_.load()) == 0;
}

// The timer stays to the end of the process, as the handler does.
void TickSignal::send_later(Duration delay) noexcept {
    install(number_.load(), Calls::Fail);
    if (!timer_) {
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = number_.load();
        event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
        timer_t timer{};
        if (::timer_create(CLOCK_MONOTONIC, &event, &timer) < 0) {
            return;
        }
        timer_ = timer;
    }
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(delay).count();
    const itimerspec times{{}, {0, static_cast<decltype(timespec::tv_nsec)>(nanoseconds)}};
    ::timer_settime(*timer_, 0, &times, nullptr);
}

void TickSignal::take_another() noexcept {
    const int lost = number_.load();
    try {
        if (take()) {
            told_ = false;
            log::info("Unix signal {} has another handler now: time slices use {}", lost,
                      number_.load());
        } else if (!std::exchange(told_, true)) {
            log::warning("there are no time slices now: no real-time Unix signal is free");
        }
    } catch (const PythonError& error) {
        if (!std::exchange(told_, true)) {
            log::error("there are no time slices now: {}", error.what());
        }
    }
}

}  // namespace geventd::py
