// SPDX-License-Identifier: MIT
#include "worker/process/log_renewal.h"

#include <unistd.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "ipc/named_fds.h"
#include "log/logger.h"

namespace geventd::worker {

void renew_log(ipc::Message& reopen) {
    if (reopen.fds.empty() && !reopen.text.empty()) {
        log::warning("the log cannot be renewed here: this process has no descriptors left");
        return;
    }
    ipc::NamedFds fds;
    try {
        fds = ipc::NamedFds(reopen.text, std::move(reopen.fds));
    } catch (const std::runtime_error& error) {
        log::warning("the log cannot be renewed here: {}", error.what());
        return;
    }
    for (const UniqueFd& log : fds.take_all(ipc::kReopenLog)) {
        ::dup2(log.get(), STDOUT_FILENO);
        ::dup2(log.get(), STDERR_FILENO);
        log::redirect(STDERR_FILENO);
    }
    log::mark_severities(reopen.value != 0);
    const std::vector<UniqueFd> access = fds.take_all(ipc::kReopenAccessLog);
    if (access.empty()) {
        log::close_access();
    } else {
        log::open_access(access.front().get());
    }
}

}  // namespace geventd::worker
