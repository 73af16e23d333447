// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/exit_code.h"

namespace geventd::worker {

/// Logs an error and ends this process, whatever state the log and other threads are in: if logging
/// hangs, the kernel kills the process a second later.
[[noreturn]] void end_at_once(ExitCode code, std::string_view text) noexcept;

}  // namespace geventd::worker
