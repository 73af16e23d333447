// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "log/access_log.h"

namespace geventd::log {

/// The line being written, as the variables' append functions see it.
struct AccessTemplate::Line {
    const AccessRecord& record;
    std::string& out;
    Escape escape;
    bool dash;                  ///< an empty value shows as "-"
    std::string_view argument;  ///< the NAME of var.NAME, the FORMAT of strftime.FORMAT
    std::string_view ltime;
    std::string_view ctime;
    std::string_view iso;
};

struct AccessVariable {
    AccessTemplate::Append append = nullptr;  ///< nullptr: no such variable
    std::string_view argument;
};

/// Finds the variable of `${name}`.
AccessVariable find_access_variable(std::string_view name);

/// All names, sorted, for an error message.
std::string list_access_variables();

}  // namespace geventd::log
