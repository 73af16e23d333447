// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/exit_code.h"

namespace geventd::worker {

/// Ends this process with a line of level error, whatever state the log and other threads are in:
/// the kernel kills it soon if that does not come about.
[[noreturn]] void end_at_once(ExitCode code, std::string_view text) noexcept;

}  // namespace geventd::worker
