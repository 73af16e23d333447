// SPDX-License-Identifier: MIT
#pragma once

#include "master/control/control_server.h"
#include "master/status.h"

namespace geventd::master {

/// Fills the control server's table with all that can be asked of the master; commands.cpp lists
/// it. `controls` outlives the server.
void add_commands(ControlServer& server, Controls& controls);

}  // namespace geventd::master
