// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace geventd::config {

/// The paths of all keys, groups included: "listen", "listen.address", "workers", ...
const std::vector<std::string>& all_keys();

bool is_key(std::string_view path);

/// What to tell someone who wrote `name` in the group at `group` ("" for the top level), where
/// there is no such key: another server's name answered with geventd's, the misspelled key, or the
/// keys that there are.
std::string explain_unknown_key(const std::string& group, const std::string& name);

}  // namespace geventd::config
