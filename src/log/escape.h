// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::log {

/// Text that a terminal and a line-based reader can be trusted with: control characters (C0, DEL
/// and C1) and bytes that are no UTF-8 become `\n`, `\t`, `\x1b`; everything else stays.
std::string escape_controls(std::string_view text);

/// As escape_controls(), but a newline starts a line of its own that a tab indents. Newlines at
/// the end are dropped.
std::string escape_lines(std::string_view text);

/// The inside of a JSON string. Bytes that are no UTF-8 become U+FFFD.
std::string escape_json(std::string_view text);

}  // namespace geventd::log
