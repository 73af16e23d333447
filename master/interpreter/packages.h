// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "master/interpreter/interpreter.h"

namespace geventd::master {

/// Folders that may hold geventd's Python package, in the order in which they are searched.
using Folders = std::vector<std::string>;

/// Where the interpreter itself looks for packages.
Folders package_folders(const Interpreter& interpreter);

/// Beside this program: one folder a CPython, and where the package is installed below its prefix.
Folders own_folders(const std::string& version);

/// The package's worker.py in the first folder where the package has a module for the version; "":
/// nowhere.
std::string find_script(const Folders& folders, const std::string& version);

/// The package that a wheel has brought together with this program.
struct WheelPackage {
    std::string script;   ///< its worker.py; "": this program did not come by a wheel
    std::string version;  ///< of the CPython that its module is for
};

WheelPackage find_own_package();

/// The one with the newest version of those that are installed below a prefix.
WheelPackage find_package_below(const std::filesystem::path& prefix);

}  // namespace geventd::master
