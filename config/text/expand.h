// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::config {

/// Looks a variable up; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The variables of this process.
Environment process_environment();

/// Replaces `${NAME}` and `${NAME:-default}` (used when NAME is unset or empty); `$${` stands for
/// a literal `${`. The values of variables are not expanded again. Fails on an unset variable
/// without default, a malformed name and an unclosed brace.
Result<std::string> expand(std::string_view text, const Environment& environment);

/// The NAME of the first `$NAME`, which is a variable to a shell but not here; "" if there is none.
std::string find_bare_variable(std::string_view text);

/// Whether expand() would look up any variable.
bool has_expansion(std::string_view text);

}  // namespace geventd::config
