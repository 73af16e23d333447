// SPDX-License-Identifier: MIT
#include "master/process/reaper.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/errno_error.h"

namespace geventd::master {

std::vector<ChildExit> reap_children() {
    std::vector<ChildExit> exits;
    for (;;) {
        ChildExit exit;
        exit.pid = ::waitpid(-1, &exit.status, WNOHANG);
        if (exit.pid > 0) {
            exits.push_back(exit);
        } else if (exit.pid == 0 || errno != EINTR) {
            return exits;
        }
    }
}

void become_subreaper() {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        throw_errno("prctl PR_SET_CHILD_SUBREAPER");
    }
}

}  // namespace geventd::master
