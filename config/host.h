// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace geventd::config {

/// Defaults that depend on the machine and on who starts the server.

/// The number of CPUs that this process may use, according to its affinity and the quotas of its
/// control groups. At least 1.
int usable_cpus();

/// The bytes of memory that this process and its siblings may use: the least limit of its control
/// groups, else the machine's memory.
std::uint64_t usable_memory();

/// The whole CPUs that a `cpu.max` of control groups v2 grants ("150000 100000" is 1); 0 when it
/// sets no limit ("max 100000", or -1 of version 1) or is malformed.
int cpus_of_quota(std::string_view cpu_max);

}  // namespace geventd::config
