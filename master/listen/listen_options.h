// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "master/host/privileges.h"
#include "net/listener.h"

namespace geventd::master {

/// The sockets that the configuration wants, with users, groups and defaults resolved. Throws
/// std::runtime_error with a sentence when this host does not know one of them.
/// `tenant`: the user that workers run as.
std::vector<net::Wanted> wanted_sockets(const config::Settings& settings, const Identity& tenant);

/// Who may connect to the unix socket at that path, as in "www-data:www-data 0660"; "" when it
/// cannot be known.
std::string access_text(const std::string& path);

}  // namespace geventd::master
