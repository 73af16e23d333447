// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::log {

/// Text that a terminal, a line-based reader and the eye can be trusted with: control characters
/// (C0, DEL and C1) and bytes that are no UTF-8 become `\n`, `\t`, `\x1b`, other characters that
/// cannot be seen (log/invisible.h) `\u202e` or `\U000e0001`; everything else stays.
std::string escape_controls(std::string_view text);

/// As escape_controls(), but a newline starts a line of its own that a tab indents. Newlines at
/// the end are dropped.
std::string escape_lines(std::string_view text);

/// The inside of a JSON string, with the same characters spelled out. Bytes that are no UTF-8
/// become U+FFFD.
std::string escape_json(std::string_view text);

/// A whole JSON document, which may hold those characters in its strings: it means the same after.
std::string escape_json_document(std::string_view json);

}  // namespace geventd::log
