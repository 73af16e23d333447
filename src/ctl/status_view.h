// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
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

/// "0s", "59s", "3m20s", "2h03m", "5d07h".
std::string format_age(double seconds);

/// "512B", "45.2M": powers of 1024.
std::string format_bytes(std::uint64_t bytes);

}  // namespace geventd::ctl
