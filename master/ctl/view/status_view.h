// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::ctl {

/// Formats the status document for reading at a glance. Missing members show as `-`: server and
/// geventctl may be of different versions. Control characters in the server's texts are escaped.
Result<std::string> format_status(std::string_view document);

/// The document indented, for people and scripts.
Result<std::string> format_json(std::string_view document);

}  // namespace geventd::ctl
