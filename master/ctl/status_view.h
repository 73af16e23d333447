// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::ctl {

/// The master's status document as a person reads it at a glance. Members that the document does
/// not have show as `-`: server and geventctl may be of different versions. Control characters
/// of the server's texts are escaped.
Result<std::string> format_status(std::string_view document);

/// The document with line breaks, for people and scripts.
Result<std::string> format_json(std::string_view document);

}  // namespace geventd::ctl
