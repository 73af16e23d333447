// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace geventd::worker {

/// The Unix signals that ask a program to end: from a terminal, from a service manager (which may
/// send them to each process of the service) or by hand.
inline constexpr int kInterrupts[] = {SIGINT, SIGTERM};

/// Keeps these signals from killing templates and workers: the master decides, except that SIGTERM
/// makes a worker that serves drain. Uses handlers, because programs that the application starts
/// would inherit ignored signals.
void leave_interrupts_to_master();

/// What these handlers do.
void take_interrupt(int number) noexcept;

/// Tells the worker's loop that the copy of the channel to the master was closed or replaced. From
/// any thread, also before the worker serves.
void report_lost_channel() noexcept;

/// In a process that the application forked: restores the default action of SIGINT and SIGTERM,
/// unless the application handles them. Async-signal-safe.
void leave_no_way_to_master() noexcept;

// For the worker's loop (worker/serve/master_link.h).

/// From now on `eventfd` wakes this process' loop, as long as `epoll` watches it.
void wake_by(int eventfd, int epoll) noexcept;

/// Wakes the loop, from any thread and from signal handlers. Does nothing while no worker serves.
void wake_loop() noexcept;

/// The worker does not serve any more.
void wake_nobody() noexcept;

/// A SIGTERM was sent to this process while it served.
bool was_terminated() noexcept;

/// report_lost_channel() was called since the last call of this.
bool has_lost_copy() noexcept;

}  // namespace geventd::worker
