// SPDX-License-Identifier: MIT
#pragma once

#include "master/control/control_server.h"
#include "master/control/controls.h"
#include "master/status/views.h"

namespace geventd::master {

/// Adds all commands to the control server; they are listed in commands.cpp. `views` and
/// `controls` outlive the server.
void add_commands(ControlServer& server, Views& views, Controls& controls);

}  // namespace geventd::master
