// SPDX-License-Identifier: MIT
#pragma once

#include "master/control/control_server.h"
#include "master/control/controls.h"
#include "master/status/views.h"

namespace geventd::master {

/// Fills the control server's table with what can be asked of the master:
///
///   status                 the status document
///   history {"since": N}   what each of the last seconds brought, of those behind point N
///   requests {"most": N}   what occupies the cores of all workers, the oldest first
///   stacks {"of": NAME}    where greenlets stand: of a worker, of a request, "" or nothing: of all
///   reload                 answers when the reload is over
///   upgrade                answers when the new master leads, or never will
///   stop                   answers at once; the server drains
///   workers {"count": K}   the number of workers from now on
///   signal {"number": N, "payload": TEXT}    answers when it was accepted
///   reopen-logs
///
/// `views` and `controls` outlive the server.
void add_commands(ControlServer& server, Views& views, Controls& controls);

}  // namespace geventd::master
