// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::py {

/// Changes what ps and /proc/PID/cmdline show of this process, and its short name (15 bytes).
/// The title stands where the kernel put arguments and environment at the exec; a longer one is
/// cut. False when the kernel does not say where that is. Lives in: template, worker.
bool set_process_title(std::string_view title);

/// The same by the server itself: the short name and the environment's place stay, and nothing
/// happens once the application has set a title. The master leaves room among the arguments.
void show_server_title(std::string_view title);

/// What show_child_title() shows.
void set_child_title(std::string title);

/// In a process that the application forked: it does not pass for a worker, unless the application
/// has set a title. Async-signal-safe.
void show_child_title() noexcept;

}  // namespace geventd::py
