// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace geventd::worker {

/// The Unix signals that ask a program to end: from a terminal, a service manager (which may send
/// them to each process of the service) or by hand.
inline constexpr int kInterrupts[] = {SIGINT, SIGTERM};

/// Keeps these signals from killing templates and workers: the master decides, but SIGTERM has a
/// worker that serves drain. Handlers, unlike ignored signals, are not inherited by programs that
/// the application starts.
void leave_interrupts_to_master();

/// What those handlers do.
void take_interrupt(int number) noexcept;

/// Tells the worker's loop, from any thread and also before it serves: the copy of the line to the
/// master was closed or replaced.
void lost_line() noexcept;

/// In a process that the application forked: SIGINT and SIGTERM do what they do by default, unless
/// the application handles them. Async-signal-safe.
void leave_no_way_to_master() noexcept;

// For the worker's loop (worker/serve/master_link.h).

/// From now on this process' loop is woken by that eventfd, where `epoll` watches it still.
void wake_by(int eventfd, int epoll) noexcept;

/// Wakes it, in any thread and in signal handlers. Does nothing while nobody serves.
void wake_loop() noexcept;

/// Nobody serves any more.
void wake_nobody() noexcept;

/// A SIGTERM was sent to this process while it served.
bool was_terminated() noexcept;

/// lost_line() was called since the last time that this was asked.
bool has_lost_copy() noexcept;

}  // namespace geventd::worker
