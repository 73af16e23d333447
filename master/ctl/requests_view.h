// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "master/ctl/document.h"

namespace geventd::ctl {

/// The requests in flight as a table, the oldest first.
Result<std::string> format_requests(std::string_view document);

/// "0.4s" below ten seconds, else as format_age(); "-" when it is not known.
std::string format_short_age(const Document& age);

}  // namespace geventd::ctl
