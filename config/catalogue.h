// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace geventd::config {

/// The paths of all keys, including groups: "listen", "listen.address", "workers", ...
const std::vector<std::string>& all_keys();

bool is_key(std::string_view path);

/// The message for someone who wrote the unknown key `name` in the group at `group` ("" for the top
/// level): geventd's key for another server's name, the key that was misspelled, or a list of the
/// keys that exist.
std::string explain_unknown_key(const std::string& group, const std::string& name);

}  // namespace geventd::config
