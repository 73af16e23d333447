// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace geventd::ctl {

/// `geventctl stop`: tells the server at the control socket to stop, and with `waits` returns when
/// its process has ended. That takes as long as its configuration gives to what is running. Says
/// both on stdout, or as `json` the server's answer. Fails with a sentence.
/// Lives in: geventctl.
Result<void> stop(const std::string& socket, bool waits, bool json);

}  // namespace geventd::ctl
