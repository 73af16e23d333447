// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::ctl {

/// Where the greenlets of each worker stand, as Python shows tracebacks: requests first, the oldest
/// at the top. Greenlets other than requests that were spawned at one place and stand at one place
/// are shown once, with their number.
Result<std::string> format_stacks(std::string_view document);

}  // namespace geventd::ctl
