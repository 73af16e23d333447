// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "config/text/expand.h"

namespace geventd::config {

/// Defaults that depend on the machine and on who starts the server.

/// The CPUs that this process may use: by its affinity and, where it can be read, by the quota of
/// its control group. At least 1.
int usable_cpus();

/// The whole CPUs that a `cpu.max` of the kernel's second control group version grants ("150000
/// 100000" is 1); 0 when it grants all ("max 100000") or is malformed.
int cpus_of_quota(std::string_view cpu_max);

/// Where the control socket of the server with this config file ("" when it has none) is found.
std::string default_control_path(const std::string& config_file, const Environment& environment);

}  // namespace geventd::config
