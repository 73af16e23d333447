// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::config {

/// The word spelled like a key: kebab-case, in lower case.
std::string to_kebab(std::string_view word);

}  // namespace geventd::config
