// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

namespace geventd::master {

/// A program, and what an exec gives it.
struct Command {
    std::string executable;  ///< a path; PATH is not searched
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;  ///< replaces and adds to the master's
};

}  // namespace geventd::master
