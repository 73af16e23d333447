// SPDX-License-Identifier: MIT
#pragma once

#include "config/load_visitor.h"
#include "config/settings.h"

namespace geventd::config {

/// What no key can know by itself: keys that must be there, and keys that contradict each other.
/// Reports at the place of the key concerned, or at `start` when there is none. Says nothing more
/// about a key that a fault was already reported of.
void check_settings(const Settings& settings, const Mark& start, const Reading& reading);

}  // namespace geventd::config
