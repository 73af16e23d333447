// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace geventd::config {

/// Environment variables that set keys of the configuration, by their names: a key in capitals
/// after GEVENTD__, with __ between its parts and _ for each hyphen. What Kubernetes sets for a
/// service called geventd (GEVENTD_PORT, GEVENTD_SERVICE_HOST) is none of them.
using Variables = std::map<std::string, std::string>;

/// Those of this process, except empty ones, which count as unset.
Variables process_variables();

/// The key that a variable sets: "limits.request-head" of GEVENTD__LIMITS__REQUEST_HEAD. A name
/// in a map keeps its letters: GEVENTD__APP__ENVIRONMENT__MY_NAME is "app.environment.MY_NAME".
std::string key_of_variable(std::string_view name);

}  // namespace geventd::config
