// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "master/process/child_exit.h"

namespace geventd::master {

/// Takes the exits of all children that have died by now. The master is the parent or subreaper
/// of every process, so strangers come by too: whatever an application left behind. Nobody else
/// waits; therefore a pid that was not reported here still names its process and may be killed.
/// Lives in: master. Called when SIGCHLD came.
std::vector<ChildExit> reap_children();

/// Makes this process the one that orphaned descendants fall to. Throws ErrnoError.
void become_subreaper();

}  // namespace geventd::master
