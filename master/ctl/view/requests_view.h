// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "master/ctl/view/document.h"

namespace geventd::ctl {

/// The requests in progress as a table, oldest first.
Result<std::string> format_requests(std::string_view document);

/// "0.4s" below ten seconds, else like format_age(); "-" when unknown.
std::string format_short_age(const Document& age);

}  // namespace geventd::ctl
