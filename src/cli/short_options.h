// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace geventd::cli {

/// What geventd's command line says in few letters, for a start without a configuration file.
struct ShortOptions {
    std::string application;         ///< without an option's name: `shop:application`
    std::vector<std::string> binds;  ///< -b: `:8000`, `unix:/run/shop.sock`, or as in `listen`
    std::string processes;           ///< -w
    std::string cores;               ///< --cores
};

/// The same as overrides, like arguments of --set.
std::vector<std::string> sets_of(const ShortOptions& options);

/// What is wrong with them for certain: a file where an application is expected, or an option that
/// means something else to uWSGI and was written for it. Empty when nothing is. `arguments` is the
/// whole command line without the program's name.
std::string fault_of(const ShortOptions& options, const std::vector<std::string>& arguments);

}  // namespace geventd::cli
