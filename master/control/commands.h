// SPDX-License-Identifier: MIT
#pragma once

#include "master/control/control_server.h"
#include "master/control/controls.h"
#include "master/status/views.h"

namespace geventd::master {

/// Fills the control server's table with all that can be asked of the master; commands.cpp lists
/// it. `views` and `controls` outlive the server.
void add_commands(ControlServer& server, Views& views, Controls& controls);

}  // namespace geventd::master
