// SPDX-License-Identifier: MIT
#pragma once

#include "ipc/messages.h"

namespace geventd::worker {

/// Handles the master's Reopen: redirects standard output, standard error and the log of this
/// process to the file in the message. Without a file (no descriptor was free) nothing changes.
/// Lives in: template and worker.
void renew_log(const ipc::Message& reopen);

}  // namespace geventd::worker
