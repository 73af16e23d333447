// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "master/process/child_exit.h"

namespace geventd::master {

/// Reaps all children that have exited. The master is the parent or subreaper of every process, so
/// processes that an application left behind are among them. Only this function reaps, so a pid
/// that it has not reported still denotes its process and may be killed.
/// Lives in: master. Call when SIGCHLD came.
std::vector<ChildExit> reap_children();

/// Makes orphaned descendants children of this process. Throws ErrnoError.
void become_subreaper();

}  // namespace geventd::master
