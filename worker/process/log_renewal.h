// SPDX-License-Identifier: MIT
#pragma once

#include "ipc/messages.h"

namespace geventd::worker {

/// Does what the master's Reopen asks for: standard output, standard error and the log of this
/// process lead to the file that came along. Without one (no descriptor was left) all stays.
/// Lives in: template and worker.
void renew_log(const ipc::Message& reopen);

}  // namespace geventd::worker
