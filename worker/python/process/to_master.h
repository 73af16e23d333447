// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/exit_code.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

namespace geventd::py {

// What template, worker and check say to the master before they serve it. All of these wait for
// room in the line for as long as ipc::kMasterPatience.

/// Says something. Ends the process when the master does not listen.
void tell(ipc::Channel& channel, ipc::MessageType type, const std::string& text = {});

/// Says why this process gives up; the log gets that when the master does not.
void tell_failure(ipc::Channel& channel, ExitCode code, const std::string& reason);

/// Says so and ends the process. Before Python runs.
[[noreturn]] void fail(ipc::Channel& channel, ExitCode code, const std::string& reason);

/// Says hello and waits for the message with all that this process needs. Ends the process when the
/// master is gone.
ipc::Message wait_for_boot(ipc::Channel& channel);

}  // namespace geventd::py
