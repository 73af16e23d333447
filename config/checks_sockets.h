// SPDX-License-Identifier: MIT
#pragma once

#include "config/load_visitor.h"
#include "config/settings.h"

namespace geventd::config {

/// Checks that no two keys ask for the same socket: those of `listen`, `metrics` and `control`.
/// Reports like check_settings().
void check_sockets(const Settings& settings, const Mark& start, const Reading& reading);

}  // namespace geventd::config
