// SPDX-License-Identifier: MIT
#pragma once

#include "ipc/messages.h"

namespace geventd::worker {

/// Handles the master's Reopen: redirects standard output, standard error and the log of this
/// process to the file in the message, and its access log to its own file. Without files although
/// some were sent (no descriptor was free) nothing changes.
/// Lives in: template and worker.
void renew_log(ipc::Message& reopen);

}  // namespace geventd::worker
