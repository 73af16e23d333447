// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "ipc/control_protocol.h"

namespace geventd::ctl {

/// Whether anybody listens at a path or "@name", also somebody whom we may not ask.
bool is_listened_to(const std::string& place);

/// A pidfd of the process that listens at `place`; none where the kernel does not tell, for
/// instance of one in another container.
UniqueFd process_at(const std::string& place);

/// Sends a request to the control socket at `path` (or "@name") and waits for the answer: the
/// result as a JSON document, or a sentence with the reason of the failure. Without `patience`
/// waits as long as the master takes, for instance to reload. Blocks. Lives in: geventctl.
Result<std::string> ask(const std::string& path, const ipc::ControlRequest& request,
                        std::optional<std::chrono::milliseconds> patience);

}  // namespace geventd::ctl
