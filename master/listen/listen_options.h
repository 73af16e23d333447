// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "config/settings.h"
#include "net/listener.h"

namespace geventd::master {

/// The sockets that the configuration wants, with users and groups resolved. Throws
/// std::runtime_error with a sentence when this host does not know one of them.
/// Lives in: master.
std::vector<net::Wanted> wanted_sockets(const config::Settings& settings);

}  // namespace geventd::master
