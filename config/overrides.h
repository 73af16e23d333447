// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/load_visitor.h"
#include "config/settings.h"
#include "config/text/expand.h"
#include "config/variables.h"

namespace geventd::config {

/// Values for single keys from outside of a configuration file. Each goes over what was read
/// before, and faults are told with the place where it was given.

/// `key.path=value`, the argument of --set.
void read_set(const std::string& text, Settings& settings, Reading& reading);

void read_variables(const Variables& variables, Settings& settings, Reading& reading);

/// What a server without a file takes from the platform that starts it, where nothing else says
/// it: it listens at $PORT of all addresses, else at port 8000 of the loopback address, and has
/// $WEB_CONCURRENCY worker processes.
void read_platform(const Environment& environment, Settings& settings, Reading& reading);

}  // namespace geventd::config
