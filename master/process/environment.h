// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

namespace geventd::master {

/// This process' environment as NAME=VALUE: without what a service manager means for the master
/// only, and with `given`, which wins.
std::vector<std::string> changed_environment(const std::map<std::string, std::string>& given);

}  // namespace geventd::master
