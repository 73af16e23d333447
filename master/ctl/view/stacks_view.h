// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::ctl {

/// Where the greenlets of each worker stand, formatted like Python's tracebacks. Requests come
/// first, oldest at the top. Other greenlets that were spawned at the same place and stand at the
/// same place are shown once, with their number.
Result<std::string> format_stacks(std::string_view document);

}  // namespace geventd::ctl
