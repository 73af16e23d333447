// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <string_view>

namespace geventd::master {

/// The beginning of a file in /proc/PID, ending with '\0'; empty when the process does not exist.
/// Lives in: master.
std::array<char, 128> read_proc_file(pid_t pid, std::string_view name) noexcept;

/// The state of a process as in proc(5): 'R', 'S', 'T' (stopped) ...; '\0' when there is no such
/// process.
char process_state(pid_t pid) noexcept;

}  // namespace geventd::master
