// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <string_view>

namespace geventd::master {

/// The beginning of a file in /proc/PID, as a string that ends with '\0'; empty when there is none.
/// Lives in: master.
std::array<char, 128> read_proc_file(pid_t pid, std::string_view name) noexcept;

}  // namespace geventd::master
