// SPDX-License-Identifier: MIT
#include "worker/process/log_renewal.h"

#include <unistd.h>

#include "log/logger.h"

namespace geventd::worker {

void renew_log(const ipc::Message& reopen) {
    if (reopen.fds.empty()) {
        log::warning("the log cannot be renewed here: this process has no descriptors left");
        return;
    }
    ::dup2(reopen.fds[0].get(), STDOUT_FILENO);
    ::dup2(reopen.fds[0].get(), STDERR_FILENO);
    log::redirect(STDERR_FILENO);
}

}  // namespace geventd::worker
