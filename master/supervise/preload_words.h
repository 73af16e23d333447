// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"

namespace geventd::master {

/// What app.preload means for an application that holds connections to these peers (net/
/// fresh_connections.h) when it is loaded, and what to write instead; for the log. Not for
/// Preload::Never.
std::string tell_of_connections(config::Preload preload, const std::string& peers);

/// How workers get the application: a line for people who check a configuration.
std::string tell_of_loading(config::Preload preload, const std::string& peers);

}  // namespace geventd::master
