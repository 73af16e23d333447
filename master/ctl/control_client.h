// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "ipc/control_protocol.h"

namespace geventd::ctl {

/// Asks the master behind the control socket at `path` and waits for its answer: the result as a
/// JSON document, or one sentence that says why there is none. Without `patience` it waits as
/// long as the master takes (a reload). Blocks.
/// Lives in: geventctl.
Result<std::string> ask(const std::string& path, const ipc::ControlRequest& request,
                        std::optional<std::chrono::milliseconds> patience);

}  // namespace geventd::ctl
