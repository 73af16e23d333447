// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::ctl {

/// The requests in progress as a table, oldest first.
Result<std::string> format_requests(std::string_view document);

}  // namespace geventd::ctl
