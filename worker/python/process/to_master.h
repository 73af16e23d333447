// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/exit_code.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

namespace geventd::py {

// Messages that template, worker and check send to the master while they start. All wait for room
// in the channel for at most ipc::kMasterPatience.

/// Sends a message. Ends the process when the master does not listen.
void tell(ipc::Channel& channel, ipc::MessageType type, const std::string& text = {});

/// Reports why this process ends: to the master, or to the log if that fails.
void tell_failure(ipc::Channel& channel, ExitCode code, const std::string& reason);

/// Reports that and ends the process. Used before Python runs.
[[noreturn]] void fail(ipc::Channel& channel, ExitCode code, const std::string& reason);

/// Says hello and waits for the Boot message. Ends the process when the master is gone.
ipc::Message wait_for_boot(ipc::Channel& channel);

}  // namespace geventd::py
