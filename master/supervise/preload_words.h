// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"

namespace geventd::master {

/// For the log: what app.preload means for an application that holds connections to `peers`
/// (net/fresh_connections.h) after loading, and which setting would be better. Not for
/// Preload::Never.
std::string tell_of_connections(config::Preload preload, const std::string& peers);

/// For --check: a line on how workers get the application.
std::string tell_of_loading(config::Preload preload, const std::string& peers);

}  // namespace geventd::master
