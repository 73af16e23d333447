// SPDX-License-Identifier: MIT
#pragma once

#include "config/load_visitor.h"
#include "config/settings.h"

namespace geventd::config {

/// Checks what no single key can: keys that must exist, and keys that contradict each other.
/// Reports at the position of the key concerned, or at `start` when there is none. Adds nothing for
/// a key that already has a fault.
void check_settings(const Settings& settings, const Mark& start, const Reading& reading);

}  // namespace geventd::config
