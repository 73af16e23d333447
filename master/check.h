// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"

namespace geventd::master {

/// Loads the application in a process of its own, as a template would. Blocks until that is over.
/// Returns what is wrong, with the traceback; "" when the application can be served. Throws when
/// the process cannot be started.
/// Lives in: geventd --check, which serves nothing.
std::string check_application(const config::Settings& settings);

}  // namespace geventd::master
