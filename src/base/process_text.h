// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

namespace geventd {

/// A process for the operator: "process 42 (geventd -c server.yaml, in /srv/shop)", with as much of
/// it as /proc tells about a process of this user.
std::string process_text(pid_t pid);

}  // namespace geventd
