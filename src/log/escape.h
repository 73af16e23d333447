// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::log {

/// Makes text safe for terminals, line-based readers and the eye: control characters (C0, DEL and
/// C1) and invalid UTF-8 become `\n`, `\t`, `\x1b`, other invisible characters (log/invisible.h)
/// `\u202e` or `\U000e0001`; everything else stays.
std::string escape_controls(std::string_view text);

/// As escape_controls(), but each newline starts a new line, indented by a tab. Trailing newlines
/// are dropped.
std::string escape_lines(std::string_view text);

/// The inside of a JSON string, with the same characters escaped. Invalid UTF-8 becomes U+FFFD.
std::string escape_json(std::string_view text);

/// Escapes invisible characters in the strings of a JSON document without changing its meaning.
std::string escape_json_document(std::string_view json);

}  // namespace geventd::log
