// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace geventd::master {

struct CheckReport {
    std::string fault;  ///< with the traceback; empty when the application can be served
    std::vector<std::string> notes;  ///< how a start would deal with the settings, a sentence each
};

/// Loads the application in a process of its own, as a template would. Blocks until it is loaded
/// or has failed. Throws when the process cannot be started.
/// Lives in: geventd --check, which serves nothing.
CheckReport check_application(const config::Settings& settings);

}  // namespace geventd::master
